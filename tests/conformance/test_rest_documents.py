"""schemathesis on the documents of both versions at our own gateway: few requests of each operation, every check."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.rest.__main__ import EXPECTED
from conformance.rest.documents import examine, operations
from conformance.rest.generated import PUBLISHED
from conformance.rest.runner import ADMINISTRATOR, OPERATOR
from conformance.rest.session import Session
from conformance.rest.target import Target, trivium
from conformance.table import Table, Verdict, parse

TABLE: Table = parse(EXPECTED.read_text())["trivium"]
EXAMPLES = 1


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Give a gateway as `trivium init` makes it."""
    with trivium(tmp_path_factory.mktemp("documents")) as target:
        yield target


@pytest.mark.parametrize(("version", "column"), [("v2", OPERATOR), ("v3", ADMINISTRATOR)])
def test_the_operations_answer_as_their_document_says(
    target: Target, version: str, column: str, tmp_path: Path
) -> None:
    """An operation would answer what its document does not have, take what it forbids, or fail as our own fault."""
    account = target.operator if column == OPERATOR else target.administrator
    assert account is not None
    found = examine(Session(target, account), version, tmp_path, examples=EXAMPLES)
    assert {operation: cell.reason for operation, cell in found.items() if cell.verdict is not Verdict.OK} == {}
    assert {f"{version} {operation}" for operation in found} == {row for row, _ in TABLE if row.startswith(version)}


def test_the_accepted_table_hides_nothing() -> None:
    """An operation would have let down a generated client or failed its examination, and be accepted so."""
    published = operations(json.loads(PUBLISHED.read_text())).values()
    assert {f"v2 {name}" for name in published} == {row for row, _ in TABLE if row.startswith("v2")}
    untried = [key for key, cell in TABLE.items() if cell.verdict is not Verdict.OK]
    assert untried == [(f"v2 {name}", ADMINISTRATOR) for name in published]
