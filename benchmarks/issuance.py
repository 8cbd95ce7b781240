"""Complete ACME issuances on ours and on Pebble, side by side, in one run: rates, server CPU and their ratios.

Rounds are interleaved, ours and Pebble in turn and the order swapped each round, so that whatever else the machine does
falls on both. Nothing is asserted: only a ratio taken in one run means anything on another machine.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from benchmarks import report
from benchmarks.acme_client import AccountKey, IssuanceError
from benchmarks.load import Measurement, measure
from benchmarks.processes import DRIVER_CORES, StartError
from benchmarks.report import Cell
from benchmarks.servers import HttpServer, Installation, LintMode, Server, Surroundings, start_pebble

LANES = 32
WARM_UP = 64
FILL_BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured: every combination of the first four."""

    stored: Sequence[int] = (0, 20_000)
    lints: Sequence[LintMode] = ("off", "error")
    http_servers: Sequence[HttpServer] = ("uvicorn", "hypercorn")
    concurrencies: Sequence[int] = (1, 8, 32)
    rounds: int = 5
    certificates: int = 320
    seconds: float = 5400.0
    """When the whole run is given up."""


QUICK = Plan(stored=(0,), lints=("off",), http_servers=("uvicorn",), rounds=5, seconds=600.0)
"""What the goal is about, and nothing else."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A run: its plan, where its files go, and what both servers meet."""

    plan: Plan
    directory: Path
    keys: Sequence[AccountKey]
    surroundings: Surroundings

    async def run(self) -> list[Cell]:
        """Measure every cell, printing each row as it is done."""
        print(report.heading(), flush=True)
        done = []
        async with asyncio.timeout(self.plan.seconds):
            for stored in self.plan.stored:
                for lint in self.plan.lints:
                    done += await self._configuration(stored, lint)
        return done

    async def _configuration(self, stored: int, lint: LintMode) -> list[Cell]:
        """One installation of ours, served by one HTTP server after the other, beside one Pebble."""
        directory = self.directory / f"{stored}-{lint}"
        directory.mkdir()
        installation = Installation.init(directory / "trivium", lint=lint, surroundings=self.surroundings)
        cells: list[Cell] = []
        with ExitStack() as pebble_ends:
            pebble = start_pebble(directory / "pebble", self.surroundings)
            pebble_ends.callback(pebble.stop)
            await self._issue(pebble, stored, "fill")
            for http_server in self.plan.http_servers:
                with ExitStack() as ours_ends:
                    ours = installation.serve(http_server)
                    ours_ends.callback(ours.stop)
                    await self._issue(ours, 0 if cells else stored, "fill")
                    for server in (ours, pebble):
                        await self._issue(server, WARM_UP, f"warm-{http_server}")
                    cells += await self._compare(ours, pebble, stored=stored, lint=lint)
        return cells

    async def _compare(self, ours: Server, pebble: Server, *, stored: int, lint: LintMode) -> list[Cell]:
        taken: dict[int, tuple[list[Measurement], list[Measurement]]] = {c: ([], []) for c in self.plan.concurrencies}
        for number in range(self.plan.rounds):
            for concurrency, (of_ours, of_pebble) in taken.items():
                turns = [(ours, of_ours), (pebble, of_pebble)]
                for server, results in turns if number % 2 == 0 else reversed(turns):
                    label = f"{ours.name.partition('/')[2]}-{number}-{concurrency}"
                    results.append(
                        await measure(
                            server,
                            self.keys,
                            concurrency=concurrency,
                            certificates=self.plan.certificates,
                            run=label,
                        )
                    )
        cells = [
            Cell(stored=stored, lint=lint, concurrency=concurrency, ours=of_ours, pebble=of_pebble)
            for concurrency, (of_ours, of_pebble) in taken.items()
        ]
        for cell in cells:
            print(report.row(cell), flush=True)
        return cells

    async def _issue(self, server: Server, count: int, run: str) -> None:
        """Issue ``count`` certificates unmeasured: the store fills as in service, with all that belongs to an order."""
        for batch, start in enumerate(range(0, count, FILL_BATCH)):
            size = min(FILL_BATCH, count - start)
            await measure(server, self.keys, concurrency=LANES, certificates=size, run=f"{run}-{batch}")


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="uvicorn, lint off, empty store only: about two minutes")
    parser.add_argument("--rounds", type=int, help="rounds per cell")
    parser.add_argument("--certificates", type=int, help="certificates per round, server and concurrency")
    parser.add_argument("--stored", type=int, nargs="+", help="how many certificates are issued before measuring")
    parser.add_argument("--lint", choices=("off", "error"), nargs="+", dest="lints")
    parser.add_argument("--server", choices=("uvicorn", "hypercorn"), nargs="+", dest="http_servers")
    parser.add_argument("--concurrency", type=int, nargs="+", dest="concurrencies", help=f"lanes, at most {LANES}")
    parser.add_argument(
        "--directory", type=Path, default=Path("build"), help="on the disk to be measured (default: build)"
    )
    parser.add_argument("--json", type=Path, help="write every measurement to this file")
    arguments = vars(parser.parse_args())
    plan = QUICK if arguments.pop("quick") else Plan()
    directory, json_file = arguments.pop("directory"), arguments.pop("json")
    plan = Plan(**{**asdict(plan), **{name: value for name, value in arguments.items() if value is not None}})
    if max(plan.concurrencies) > LANES:
        parser.error(f"--concurrency is at most {LANES}")
    try:
        cells = _measure(plan, directory)
    except* (StartError, IssuanceError, ConnectionError, TimeoutError) as failed:
        sys.exit("\n".join(str(error) for error in failed.exceptions))
    print(report.summary(cells))
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(cell) for cell in cells], indent=1))


def _measure(plan: Plan, directory: Path) -> list[Cell]:
    os.sched_setaffinity(0, DRIVER_CORES)
    directory.mkdir(parents=True, exist_ok=True)
    keys = [AccountKey() for _ in range(LANES)]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=directory) as temporary, ExitStack() as ends:
        place = Path(temporary).resolve()
        surroundings = Surroundings.start(place, [key.thumbprint for key in keys])
        ends.callback(surroundings.stop)
        bench = Bench(plan=plan, directory=place, keys=keys, surroundings=surroundings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(bench.run())


if __name__ == "__main__":
    main()
