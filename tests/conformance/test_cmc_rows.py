"""The rows of RFC 10004 at our own gateway: what the accepted table says holds, each cell a test of its own."""

from collections.abc import Iterator

import pytest

from conformance.cmc.__main__ import EXPECTED, PREAMBLE
from conformance.cmc.checks import CHECKS, OPENSSL
from conformance.cmc.runner import ROWS, Bench, bench_at, every_cell
from conformance.cmc.target import trivium
from conformance.table import Key, Table, Verdict, parse

TABLE: Table = parse(EXPECTED.read_text())["trivium"]
EVERY_CLIENT = ("Full PKI Request", "getCert", "revokeRequest, signed", "identityProofV2", "CRMF")
"""The rows that every client shows here too, since each encodes them in ways of its own."""


def part() -> list[Key]:
    """Return each row with one client, some with all: the whole is `make conformance SUITES=cmc`."""
    first = {row: (row, client) for row, client in reversed(every_cell()) if (row, client) in CHECKS}
    also = [key for key in CHECKS if key[0].startswith(EVERY_CLIENT) or key[1] == OPENSSL]
    return list(dict.fromkeys([*(first[row] for row in ROWS), *also]))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give the clients at a gateway as `trivium init` makes it."""
    folder = tmp_path_factory.mktemp("rows")
    with trivium(folder / "trivium") as target, bench_at(target, folder / "clients") as bench:
        yield bench


@pytest.mark.parametrize("key", part(), ids=lambda key: f"{key[0]} {key[1]}")
def test_a_row_is_kept(bench: Bench, key: Key) -> None:
    """A tick of the table would be lost: what a client asks for is not done any more, or what is wrong is."""
    cell = bench.run(key)
    assert cell.verdict is TABLE[key].verdict, cell.reason


def test_the_table_is_whole() -> None:
    """A row without its cells would be missed by nobody."""
    assert list(TABLE) == every_cell()
    lacking = {key for key, cell in TABLE.items() if cell.verdict is Verdict.LACKING}
    assert lacking == set(every_cell()) - set(CHECKS)
    assert all(any((row, client) in CHECKS for client in {client for _, client in TABLE}) for row in ROWS)
    assert EXPECTED.read_text().startswith(PREAMBLE)


def test_a_cell_that_raises_is_a_failure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that breaks off would end the run, or pass for one that shows the row."""
    key = part()[0]

    def broken(_: object) -> None:
        raise ValueError("no | answer\nat all")

    monkeypatch.setitem(CHECKS, key, broken)
    cell = bench.run(key)
    assert (cell.verdict, cell.reason) == (Verdict.FAIL, "ValueError: no / answer at all")
