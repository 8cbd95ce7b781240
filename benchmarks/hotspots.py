"""Where the server's CPU goes: py-spy samples ours under load, scaled to microseconds per certificate.

The CPU per certificate comes from a load without the profiler, the shares from one with it. A sample is charged to the
innermost Python frame; time in C, Rust or the kernel therefore to the Python function that called it.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.acme_client import AccountKey
from benchmarks.issuance import LANES, WARM_UP
from benchmarks.load import Measurement, measure
from benchmarks.processes import DRIVER_CORES, Process, StartError
from benchmarks.servers import Installation, Server, Surroundings

OWN = ("gateway/", "ca_core/", "store/")
_FRAME = re.compile(r"^(?P<function>.*) \((?P<file>[^()]*?)(?::\d+)?\)$")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A stack, outermost frame first, and how often it was seen."""

    frames: Sequence[str]
    count: int


def read_samples(collapsed: str) -> list[Sample]:
    """Parse py-spy's raw format: ``process;thread;frame;... count``. The first frame is then the thread's name."""
    samples = []
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        _process, thread, *frames = stack.split(";")
        samples.append(Sample(frames=(thread.rpartition(": ")[2], *map(_short, frames)), count=int(count)))
    return samples


def tables(samples: Sequence[Sample], cpu_us: float, rows: int) -> Iterator[str]:
    """The report: by thread, by package, by function itself, and by our functions with all they call."""
    unit = cpu_us / max(1, sum(sample.count for sample in samples))
    threads: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    itself: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    for sample in samples:
        threads[sample.frames[0]] += sample.count
        packages[_package(sample.frames[-1])] += sample.count
        itself[sample.frames[-1]] += sample.count
        for frame in set(sample.frames[1:]):
            if frame.partition(":")[0].startswith(OWN):
                inclusive[frame] += sample.count
    for title, counts in (
        ("by thread", threads),
        ("by package, itself", packages),
        ("by function, itself", itself),
        ("our functions, with what they call", inclusive),
    ):
        yield f"\nus per certificate, {title}:"
        for name, count in counts.most_common(rows):
            yield f"{count * unit:8.0f}  {name}"


def main() -> None:
    """Profile one configuration and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("uvicorn", "hypercorn"), default="uvicorn")
    parser.add_argument("--lint", choices=("off", "error"), default="off")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--certificates", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--directory", type=Path, default=Path("build"))
    parser.add_argument("--raw", type=Path, help="keep the collapsed stacks in this file")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, DRIVER_CORES)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    keys = [AccountKey() for _ in range(LANES)]
    with tempfile.TemporaryDirectory(prefix="hotspots-", dir=arguments.directory) as temporary, ExitStack() as ends:
        place = Path(temporary).resolve()
        surroundings = Surroundings.start(place, [key.thumbprint for key in keys])
        ends.callback(surroundings.stop)
        installation = Installation.init(place / "trivium", lint=arguments.lint, surroundings=surroundings)
        server = installation.serve(arguments.server)
        ends.callback(server.stop)
        raw = arguments.raw or place / "stacks.txt"
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            plain = runner.run(_profile(server, keys, arguments.concurrency, arguments.certificates, raw))
        print(f"{plain.server}, lint {arguments.lint}, {plain.concurrency} lanes, {plain.certificates} certificates:")
        print(f"{plain.cpu_ms:.2f} ms of CPU and {plain.requests_each:.1f} requests each, {plain.per_second:.0f}/s")
        print("\n".join(tables(read_samples(raw.read_text()), 1000 * plain.cpu_ms, arguments.rows)))


async def _profile(
    server: Server, keys: Sequence[AccountKey], concurrency: int, certificates: int, raw: Path
) -> Measurement:
    await measure(server, keys, concurrency=LANES, certificates=WARM_UP, run="warm")
    plain = await measure(server, keys, concurrency=concurrency, certificates=certificates, run="plain")
    command: list[str | Path] = [
        Path(sys.executable).with_name("py-spy"),
        "record",
        "--pid",
        str(server.process.popen.pid),
    ]
    options = ["--subprocesses", "--threads", "--function", "--nonblocking", "--rate", "250", "--format", "raw"]
    duration = ["--duration", str(max(1, round(plain.seconds)))]
    profiler = Process.start(
        [*command, *options, *duration, "--output", raw], log=raw.with_suffix(".log"), cores=DRIVER_CORES
    )
    await asyncio.sleep(1)
    await measure(server, keys, concurrency=concurrency, certificates=certificates, run="sampled")
    if await asyncio.to_thread(profiler.popen.wait, plain.seconds + 60) != 0:
        raise StartError(f"py-spy failed:\n{raw.with_suffix('.log').read_text()[-2000:]}")
    return plain


def _short(frame: str) -> str:
    """``file:function`` with the file relative to its package."""
    found = _FRAME.match(frame)
    if found is None:
        return frame
    file = re.sub(r"^.*/(?:site-packages|lib/python3\.\d+)/", "", found["file"])
    file = re.sub(r"^.*/(?=(?:gateway|ca_core|store)/)", "", file)
    return f"{file}:{found['function']}"


def _package(frame: str) -> str:
    parts = frame.partition(":")[0].split("/")
    return "/".join(parts[:2]) if f"{parts[0]}/" in OWN else parts[0]


if __name__ == "__main__":
    main()
