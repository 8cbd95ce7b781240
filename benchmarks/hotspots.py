"""Where the server's CPU goes: py-spy samples ours under load, scaled to microseconds per certificate.

Each thread's CPU per certificate comes from a load without the profiler, the shares within the thread from one with it.
A sample is charged to the innermost Python frame: time in C, Rust or the kernel to the Python function that called it.
py-spy takes a thread that waits for the disk for a busy one, so a COMMIT looks dearer within its thread than it is.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
_THREAD = re.compile(r"^thread \((?P<id>\d+)\)(?:: (?P<name>.*))?$")
_FRAME = re.compile(r"^(?P<function>.*) \((?P<file>[^()]*?)(?::\d+)?\)$")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A stack of the thread ``thread`` (the system's id), outermost frame first, and how often it was seen."""

    thread: int
    thread_name: str
    frames: Sequence[str]
    count: int


def read_samples(collapsed: str) -> list[Sample]:
    """Parse py-spy's raw format, ``process;...;thread;frame;... count``."""
    samples = []
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        thread, *frames = (frame for frame in stack.split(";") if not frame.startswith("process "))
        found = _THREAD.match(thread)
        if found is None:
            raise ValueError(f"not a thread of py-spy's: {thread}")
        samples.append(
            Sample(
                thread=int(found["id"]),
                thread_name=found["name"] or "main",
                frames=tuple(map(_short, frames)) or ("no Python frame",),
                count=int(count),
            )
        )
    return samples


def tables(samples: Sequence[Sample], thread_us: Mapping[int, float], rows: int) -> Iterator[str]:
    """The report, ``thread_us`` being each thread's CPU per certificate: by thread, package and function."""
    seen: Counter[int] = Counter()
    for sample in samples:
        seen[sample.thread] += sample.count
    threads: defaultdict[str, float] = defaultdict(float)
    packages: defaultdict[str, float] = defaultdict(float)
    itself: defaultdict[str, float] = defaultdict(float)
    inclusive: defaultdict[str, float] = defaultdict(float)
    for sample in samples:
        cost = thread_us.get(sample.thread, 0.0) * sample.count / seen[sample.thread]
        threads[sample.thread_name] += cost
        packages[_package(sample.frames[-1])] += cost
        itself[sample.frames[-1]] += cost
        for frame in set(sample.frames):
            if frame.startswith(OWN):
                inclusive[frame] += cost
    for title, counts in (
        ("by thread", threads),
        ("by package, itself", packages),
        ("by function, itself", itself),
        ("our functions, with what they call", inclusive),
    ):
        yield f"\nus per certificate, {title}:"
        for name, cost in sorted(counts.items(), key=lambda item: -item[1])[:rows]:
            yield f"{cost:8.0f}  {name}"


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
            plain, thread_us = runner.run(_profile(server, keys, arguments.concurrency, arguments.certificates, raw))
        print(f"{plain.server}, lint {arguments.lint}, {plain.concurrency} lanes, {plain.certificates} certificates:")
        print(f"{plain.cpu_ms:.2f} ms of CPU and {plain.requests_each:.1f} requests each, {plain.per_second:.0f}/s")
        print("\n".join(tables(read_samples(raw.read_text()), thread_us, arguments.rows)))


async def _profile(
    server: Server, keys: Sequence[AccountKey], concurrency: int, certificates: int, raw: Path
) -> tuple[Measurement, dict[int, float]]:
    await measure(server, keys, concurrency=LANES, certificates=WARM_UP, run="warm")
    before = server.process.thread_cpu()
    plain = await measure(server, keys, concurrency=concurrency, certificates=certificates, run="plain")
    used = {thread: cpu - before.get(thread, 0.0) for thread, cpu in server.process.thread_cpu().items()}
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
    return plain, {thread: 1e6 * cpu / plain.certificates for thread, cpu in used.items()}


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
