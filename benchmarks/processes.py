"""The processes of a measurement: which cores they run on, when they answer, and what they used of CPU and memory."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CORES = tuple(sorted(os.sched_getaffinity(0)))
SERVER_CORES = frozenset(_CORES[:1])
"""The core that the server measured has."""
DRIVER_CORES = frozenset(_CORES[1:] or _CORES)
"""The cores of everything else: driver, http-01 answerer, DNS."""


class StartError(Exception):
    """A process did not start or did not answer in time; the message has the end of what it wrote."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process and its descendants, the ended ones too, used since they started."""

    cpu_seconds: float
    rss_bytes: int


@dataclass(kw_only=True)
class Process:
    """A running program, with its standard error in ``log``."""

    popen: subprocess.Popen[bytes]
    log: Path
    _stopped: bool = field(default=False, repr=False)

    @classmethod
    def start(
        cls, command: Sequence[str | Path], *, log: Path, cores: frozenset[int], env: Mapping[str, str] | None = None
    ) -> "Process":
        """Start ``command`` on ``cores``. Standard output is discarded: it would be counted as the server's work."""
        with log.open("ab") as errors, _on(cores):
            popen = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        return cls(popen=popen, log=log)

    def usage(self) -> Usage:
        """CPU and memory of the whole process tree, from /proc; CPU in steps of a clock tick (10 ms)."""
        cpu, rss = 0.0, 0
        for pid in _tree(self.popen.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            cpu += sum(map(int, fields[11:15])) * _TICK
            rss += int(fields[21]) * _PAGE
        return Usage(cpu_seconds=cpu, rss_bytes=rss)

    def thread_cpu(self) -> dict[int, float]:
        """CPU seconds of every living thread of the process tree, by the system's thread id."""
        used = {}
        for pid in _tree(self.popen.pid):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                fields = (thread / "stat").read_text().rpartition(")")[2].split()
                used[int(thread.name)] = sum(map(int, fields[11:13])) * _TICK
        return used

    def wait_for(self, ready: "Ready", seconds: float = 30.0) -> None:
        """Wait until ``ready()`` holds. Raises StartError when the process ends or the time is over."""
        end = time.monotonic() + seconds
        while not ready():
            if self.popen.poll() is not None or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise StartError(f"{self.popen.args!r} does not answer (exit code {self.popen.returncode}):\n{tail}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process: SIGTERM, and SIGKILL to its whole session when it has not ended after 10 seconds."""
        if self._stopped:
            return
        self._stopped = True
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait(10)


class Ready:
    """A condition to wait for: a TCP port of loopback answers, and a file exists."""

    def __init__(self, *, port: int | None = None, file: Path | None = None) -> None:
        self._port, self._file = port, file

    def __call__(self) -> bool:
        """Whether it holds now."""
        if self._file is not None and not self._file.exists():
            return False
        if self._port is None:
            return True
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


@contextmanager
def _on(cores: frozenset[int]) -> Iterator[None]:
    """Give children started meanwhile these cores: they inherit the affinity of whoever starts them."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def _tree(root: int) -> Iterator[int]:
    yield root
    try:
        threads = list(Path(f"/proc/{root}/task").iterdir())
    except FileNotFoundError:
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            yield from _tree(int(child))
