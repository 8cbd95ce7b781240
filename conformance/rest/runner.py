"""The whole suite at one server: each operation of the RA API with each generated client and with schemathesis."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from conformance.processes import ProgramError
from conformance.rest import documents
from conformance.rest.belongings import register_acme_accounts
from conformance.rest.generated import CLIENTS, PUBLISHED
from conformance.rest.session import Session
from conformance.rest.target import Account, Target
from conformance.table import Cell, Key, Table, Verdict

OPERATOR: Final = "operator"
ADMINISTRATOR: Final = "administrator"
COLUMNS: Final = (*CLIENTS, OPERATOR, ADMINISTRATOR)
"""Who tries an operation: the generated clients by their languages, and schemathesis as either user."""

_REASON_LENGTH: Final = 300
_NOT_TRIED: Final = Cell(verdict=Verdict.FAIL, reason="the day ended before it")


def run_all(
    server: Callable[[str], AbstractContextManager[Target]],
    folder: Path,
    columns: Sequence[str],
    *,
    examples: int,
    at_once: int,
    report: Callable[[Key, Cell], None],
) -> Table:
    """Let the ``columns`` try every operation, so many ``at_once``; ``report`` gets each cell when it is there.

    ``server`` gives a column the server it works at. The generated clients know version 2 as it was published and
    version 3 as the server describes it, schemathesis both as the server does; ``examples`` is how many requests it
    makes of each operation in each phase.
    """

    def filled(column: str) -> Table:
        with server(column) as target:
            return _column(target, column, folder / column, examples, report)

    with ThreadPoolExecutor(at_once) as pool:
        table = {key: cell for found in pool.map(filled, columns) for key, cell in found.items()}
    rows = dict.fromkeys(row for row, _ in sorted(table, key=lambda key: key[0][:2]))
    lacking = Cell(verdict=Verdict.LACKING)
    return {(row, column): table.get((row, column), lacking) for row in rows for column in columns}


def _column(target: Target, column: str, folder: Path, examples: int, report: Callable[[Key, Cell], None]) -> Table:
    table: Table = {}
    for version, account in _accounts(target, column).items():
        here, session = folder / version, Session(target, account)
        here.mkdir(parents=True)
        if column in CLIENTS:
            found = _work(session, version, column, here)
        else:
            found = documents.examine(session, version, here, examples=examples)
        for operation, cell in found.items():
            key = f"{version} {operation}", column
            table[key] = cell
            report(key, cell)
    return table


def _accounts(target: Target, column: str) -> dict[str, Account]:
    """Return who tries which version: version 2 has nothing that only an administrator may do."""
    administrators = {"v3": target.administrator} if target.administrator is not None else {}
    if column == ADMINISTRATOR:
        return administrators
    operators = {"v2": target.operator, "v3": target.operator}
    return operators if column == OPERATOR else {"v2": target.operator, **administrators}


def _work(session: Session, version: str, language: str, folder: Path) -> dict[str, Cell]:
    """Generate a client of a version's document and let it do a day's work."""
    document = PUBLISHED
    if version != "v2":
        document = folder / "openapi.json"
        document.write_text(json.dumps(session.ask("GET", documents.DOCUMENTS[version])))
        register_acme_accounts(session.target, 1)
    operations = documents.operations(json.loads(document.read_text())).values()
    try:
        found = CLIENTS[language](version, document, folder).work(session.target, session.account, folder)
    except ProgramError as error:
        cell = Cell(verdict=Verdict.FAIL, reason=" ".join(str(error).split())[-_REASON_LENGTH:].replace("|", "/"))
        return dict.fromkeys(operations, cell)
    return {operation: found.get(operation, _NOT_TRIED) for operation in operations}
