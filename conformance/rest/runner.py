"""The whole suite at one server: each operation of the RA API with each generated client and with schemathesis."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from conformance.processes import ProgramError
from conformance.rest import documents
from conformance.rest.belongings import Session
from conformance.rest.generated import CLIENTS, PUBLISHED
from conformance.rest.target import Target
from conformance.table import Cell, Key, Table, Verdict

COLUMNS: Final = (*CLIENTS, documents.SCHEMATHESIS)
"""Who tries an operation: the generated clients by their languages, and schemathesis."""

_REASON_LENGTH: Final = 300
_NOT_TRIED: Final = Cell(verdict=Verdict.FAIL, reason="the day ended before it")


def run_all(
    target: Target, folder: Path, columns: Sequence[str], *, examples: int, report: Callable[[Key, Cell], None]
) -> Table:
    """Let the ``columns`` try every operation; ``report`` gets each cell when it is there.

    The generated clients know version 2 as it was published, schemathesis what the server says of itself;
    ``examples`` is how many requests it makes of each operation in each phase.
    """
    published = list(documents.operations(json.loads(PUBLISHED.read_text())).values())
    table: Table = {}
    for column in columns:
        here = folder / column
        if column in CLIENTS:
            found = {_row("v2", name): cell for name, cell in _work(target, column, here, published).items()}
        else:
            session = Session(target)
            found = {
                _row(version, name): cell
                for version in documents.DOCUMENTS
                for name, cell in documents.examine(session, version, here / version, examples=examples).items()
            }
        for row, cell in found.items():
            table[row, column] = cell
            report((row, column), cell)
    rows = dict.fromkeys(row for row, _ in table)
    lacking = Cell(verdict=Verdict.LACKING)
    return {(row, column): table.get((row, column), lacking) for row in rows for column in columns}


def _work(target: Target, language: str, folder: Path, operations: Sequence[str]) -> dict[str, Cell]:
    """Generate a client of the published document and let it do a day's work."""
    folder.mkdir(parents=True)
    try:
        found = CLIENTS[language](PUBLISHED, folder).work(target, folder)
    except ProgramError as error:
        cell = Cell(verdict=Verdict.FAIL, reason=" ".join(str(error).split())[-_REASON_LENGTH:].replace("|", "/"))
        return dict.fromkeys(operations, cell)
    return {operation: found.get(operation, _NOT_TRIED) for operation in operations}


def _row(version: str, operation: str) -> str:
    return f"{version} {operation}"
