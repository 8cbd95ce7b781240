"""schemathesis on the documents of both versions at our own gateway: few requests of each operation, every check."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.rest.__main__ import EXPECTED, PREAMBLE
from conformance.rest.belongings import Session
from conformance.rest.documents import DOCUMENTS, examine, operations
from conformance.rest.generated import PUBLISHED
from conformance.rest.runner import COLUMNS
from conformance.rest.target import trivium
from conformance.table import Table, Verdict, parse

TABLE: Table = parse(EXPECTED.read_text())["trivium"]
EXAMPLES = 1


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Give a user at a gateway as `trivium init` makes it."""
    with trivium(tmp_path_factory.mktemp("documents")) as target:
        yield Session(target)


@pytest.mark.parametrize("version", DOCUMENTS)
def test_the_operations_answer_as_their_document_says(session: Session, version: str, tmp_path: Path) -> None:
    """An operation would answer what its document does not have, take what it forbids, or fail as our own fault."""
    found = examine(session, version, tmp_path / version, examples=EXAMPLES)
    wrong = {
        operation: cell.reason
        for operation, cell in found.items()
        if TABLE[f"{version} {operation}", "schemathesis"].verdict is Verdict.OK and cell.verdict is not Verdict.OK
    }
    assert wrong == {}
    assert {f"{version} {operation}" for operation in found} == {row for row, _ in TABLE if row.startswith(version)}


def test_generated_clients_do_the_whole_of_version_2() -> None:
    """A generated client would have been let down by an operation, and the accepted table would hide it."""
    published = operations(json.loads(PUBLISHED.read_text())).values()
    assert {TABLE[f"v2 {name}", column].verdict for name in published for column in COLUMNS} == {Verdict.OK}
    assert EXPECTED.read_text().startswith(PREAMBLE)
