"""The table of a suite: one cell a row (what is tried) and client, as Markdown, and compared with what was expected."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Key = tuple[str, str]
"""The title of a row, which has no colon, and the name of a client, which has no comma."""

_REASON = re.compile(r"- (?P<client>[^,]+), (?P<scenario>[^:]+): (?P<reason>.+)")
_DIFFERENCES = "## Differences"


class Verdict(StrEnum):
    """What came of a scenario with a client; the value is what the table shows."""

    OK = "ok"
    REFUSED = "refused"
    """The server is configured not to allow it, and did not."""
    FAIL = "FAIL"
    LACKING = "-"
    """The client cannot do it."""
    NOT_OFFERED = "n/a"
    """The server cannot do it."""

    @property
    def is_good(self) -> bool:
        """Whether this is how it should be between a client and a server that both can."""
        return self in {Verdict.OK, Verdict.REFUSED}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A verdict; ``reason`` says why it failed, ``seconds`` how long it took."""

    verdict: Verdict
    reason: str = ""
    seconds: float = 0


Table = dict[Key, Cell]
"""The cells of one server."""


def render(server: str, table: Table) -> str:
    """Write a server's cells as a Markdown section: rows are scenarios, columns clients; reasons stand below."""
    clients = list(dict.fromkeys(client for _, client in table))
    rows = [["", *clients]]
    for title in dict.fromkeys(title for title, _ in table):
        cells = [table.get((title, client)) for client in clients]
        rows.append([title, *(cell.verdict.value if cell else "" for cell in cells)])
    reasons = [
        f"- {client}, {scenario}: {cell.reason}"
        for (scenario, client), cell in table.items()
        if cell.verdict is Verdict.FAIL
    ]
    return "\n".join([f"## {server}", "", *_lines(rows), *([""] if reasons else []), *reasons, ""])


def render_differences(tables: Mapping[str, Table]) -> str:
    """Write the cells in which servers differ as a Markdown section, one row each."""
    servers = list(tables)
    rows = [["client", "scenario", *servers]]
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        verdicts = [tables[server][key].verdict.value if key in tables[server] else "" for server in servers]
        if len(set(verdicts)) > 1:
            rows.append([key[1], key[0], *verdicts])
    body = _lines(rows) if len(rows) > 1 else ["None."]
    return "\n".join([_DIFFERENCES, "", *body, ""])


def parse(document: str) -> dict[str, Table]:
    """Read what :func:`render` wrote: the tables by their titles. Raises ValueError for an unknown verdict."""
    tables: dict[str, Table] = {}
    clients: list[str] = []
    table: Table | None = None
    for line in document.splitlines():
        if line == _DIFFERENCES:
            break
        if line.startswith("## "):
            table, clients = tables.setdefault(line.removeprefix("## "), {}), []
        elif line.startswith("|") and table is not None and not set(line) <= set("|- "):
            title, *values = (value.strip() for value in line.strip("|").split("|"))
            if not clients:
                clients = values
                continue
            for client, value in zip(clients, values, strict=True):
                if value:
                    table[title, client] = Cell(verdict=Verdict(value))
        elif table is not None and (reason := _REASON.fullmatch(line)):
            key = reason["scenario"], reason["client"]
            table[key] = Cell(verdict=table[key].verdict, reason=reason["reason"])
    return tables


def regressions(expected: Table, found: Table) -> list[str]:
    """Return a sentence for each cell that was good and is not any more."""
    return [
        f"{client}, {scenario}: was {expected[scenario, client].verdict}, is {cell.verdict}: {cell.reason or '-'}"
        for (scenario, client), cell in found.items()
        if (scenario, client) in expected
        and expected[scenario, client].verdict.is_good
        and cell.verdict is not expected[scenario, client].verdict
    ]


def failures(found: Table) -> list[str]:
    """Return a sentence for each cell that failed, of a server about which nothing is expected."""
    return [
        f"{client}, {scenario}: {cell.reason}"
        for (scenario, client), cell in found.items()
        if cell.verdict is Verdict.FAIL
    ]


def news(expected: Table, found: Table) -> list[str]:
    """Return a sentence for each other cell that is not what was expected."""
    return [
        f"{client}, {scenario}: {cell.verdict}, expected {before.verdict if before else 'nothing'}"
        for (scenario, client), cell in found.items()
        for before in [expected.get((scenario, client))]
        if before is None or (not before.verdict.is_good and cell.verdict is not before.verdict)
    ]


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(value) for value in column) for column in zip(*rows, strict=True)]
    head, *body = rows
    rule = ["-" * width for width in widths]
    padded = (
        " | ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)) for row in (head, rule, *body)
    )
    return [f"| {line} |" for line in padded]
