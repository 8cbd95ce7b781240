"""Runs the checks with their clients at one server."""

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.cmc import rows
from conformance.cmc.checks import CHECKS, CLIENTS, OPENSSL, PYASN1, checks_of
from conformance.cmc.client import Client
from conformance.cmc.clients.bouncy_castle import BouncyCastle
from conformance.cmc.clients.jss import Jss
from conformance.cmc.clients.pyasn1 import Pyasn1
from conformance.cmc.lab import Lab
from conformance.cmc.reply import Reader
from conformance.cmc.target import Target
from conformance.expect import NotKeptError, NotOfferedError
from conformance.table import Cell, Key, Table, Verdict

Report = Callable[[Key, Cell], None]

ROWS = tuple(dict.fromkeys(row for row, _ in checks_of(rows.ALL)))
"""The rows in the order of the table."""

_REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The clients at one server, and who reads its answers; every check has a folder below ``folder``."""

    target: Target
    clients: dict[str, Client]
    reader: Reader
    folder: Path

    def run(self, key: Key) -> Cell:
        """Run one check."""
        row, client = key
        if key not in CHECKS:
            return Cell(verdict=Verdict.LACKING)
        folder = Path(tempfile.mkdtemp(prefix=f"{ROWS.index(row)}-{client}-", dir=self.folder))
        lab = Lab(target=self.target, client=self.clients[client], reader=self.reader, folder=folder)
        started = time.monotonic()
        try:
            CHECKS[key](lab)
        except NotOfferedError as error:
            return Cell(verdict=Verdict.NOT_OFFERED, reason=str(error))
        except NotKeptError as error:
            return Cell(verdict=Verdict.FAIL, reason=_reason(str(error)), seconds=time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 - whatever a server does to one check, the others are run
            reason = _reason(f"{type(error).__name__}: {error}")
            return Cell(verdict=Verdict.FAIL, reason=reason, seconds=time.monotonic() - started)
        return Cell(verdict=Verdict.OK, seconds=time.monotonic() - started)


@contextmanager
def bench_at(target: Target, folder: Path) -> Iterator[Bench]:
    """Start the clients for a server while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        bouncy_castle = stack.enter_context(BouncyCastle.running(folder))
        jss = stack.enter_context(Jss.running(folder, *target.credentials))
        pyasn1 = Pyasn1()
        clients: dict[str, Client] = {client.name: client for client in (pyasn1, bouncy_castle, jss)}
        clients[OPENSSL] = clients[PYASN1]
        reader = Reader(root=target.root, folder=folder, second=bouncy_castle)
        yield Bench(target=target, clients=clients, reader=reader, folder=folder)


def run_all(bench: Bench, keys: Iterable[Key], report: Report) -> Table:
    """Run checks one after the other; ``report`` hears of each."""
    table: Table = {}
    for key in keys:
        table[key] = cell = bench.run(key)
        report(key, cell)
    return table


def every_cell() -> list[Key]:
    """Return every row with every client, whether it can be tried or not."""
    return [(row, client) for row in ROWS for client in CLIENTS]


def _reason(text: str) -> str:
    """Return one line that is the same in every run."""
    line = " ".join(text.replace("|", "/").split())
    stable = re.sub(r"\berr-[0-9a-f-]{36}", "err-...", line)
    stable = re.sub(r"(?<=127\.0\.0\.1:)\d+", "PORT", stable)
    return stable if len(stable) <= _REASON_LENGTH else f"{stable[:_REASON_LENGTH]}..."
