"""Runs scenarios with clients at one server, one after the other: the ports of its challenges are shared."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.acme.client import Client
from conformance.acme.model import Offer, Scenario
from conformance.acme.observer import offers_of
from conformance.acme.scenarios import NEEDS, PERFORM, REFUSED, Attempt
from conformance.acme.servers import Server
from conformance.table import Cell, Table, Verdict

Report = Callable[[str, Scenario, Cell], None]
_REASON_LENGTH = 200
_BOILERPLATE = ("Ask for help or search for solutions",)
"""What certbot says at the end of every failure."""


def run_all(
    server: Server, clients: Sequence[type[Client]], scenarios: Sequence[Scenario], folder: Path, report: Report
) -> Table:
    """Run every scenario with every client, each as a new user below ``folder``; ``report`` hears of each cell."""
    offers = offers_of(server)
    table: Table = {}
    for client in clients:
        for scenario in scenarios:
            directory = folder / client.name / scenario.name.lower()
            cell = run_one(server, client, scenario, offers, directory)
            table[scenario, client.name] = cell
            report(client.name, scenario, cell)
    return table


def run_one(
    server: Server, client: type[Client], scenario: Scenario, offers: frozenset[Offer], directory: Path
) -> Cell:
    """Run one scenario with one client."""
    if scenario not in client.can:
        return Cell(verdict=Verdict.LACKING)
    if not client.needs <= offers:
        return Cell(verdict=Verdict.NOT_OFFERED)
    perform, good = PERFORM[scenario], Verdict.OK
    if scenario in NEEDS and NEEDS[scenario] not in offers:
        if scenario not in REFUSED:
            return Cell(verdict=Verdict.NOT_OFFERED)
        perform, good = REFUSED[scenario], Verdict.REFUSED
    started = time.monotonic()
    directory.mkdir(parents=True)
    try:
        perform(Attempt(client=client(server, directory), directory=directory))
    except Exception as error:  # noqa: BLE001 - whatever went wrong is what the cell is for
        (directory / "error").write_text(str(error))
        return Cell(verdict=Verdict.FAIL, reason=_reason(error), seconds=time.monotonic() - started)
    return Cell(verdict=good, seconds=time.monotonic() - started)


def _reason(error: Exception) -> str:
    """Return one line of what went wrong: the server's problem when the program shows one, or else its last line."""
    said = (line.strip() for line in str(error).splitlines())
    lines = [line for line in said if line and not line.startswith(_BOILERPLATE)] or [repr(error)]
    line = next((line for line in lines if "urn:ietf:params:acme:error" in line), lines[-1])
    stable = re.sub(r"(?<=127\.0\.0\.1:)\d+", "PORT", line.replace("|", "/"))
    return stable if len(stable) <= _REASON_LENGTH else f"{stable[:_REASON_LENGTH]}..."
