"""Programs run on loopback: to their end, or beside a block of ours, with their output kept for whoever asks why."""

import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 180
STOP_SECONDS = 30

_PORTS = range(16_000, 32_000)
_first = os.getpid() * 101 % len(_PORTS)  # processes beside each other begin far apart
_ports: Iterator[int] = itertools.cycle((*_PORTS[_first:], *_PORTS[:_first]))


class ProgramError(Exception):
    """A program failed or did not start; the text says which and shows what it printed."""


def run(
    command: Sequence[str | Path],
    *,
    seconds: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run a program to its end and return what it printed; ``env`` is added to this process's environment.

    Raises ProgramError with its output when it fails or takes longer than ``seconds``; its children end with it.
    """
    words = [str(part) for part in command]
    process = subprocess.Popen(  # noqa: S603 - programs and arguments are ours
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(env or {})},
        cwd=cwd,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        raise ProgramError(f"{words[0]} was not done after {seconds:.0f} s:\n{output}") from None
    if process.returncode != 0:
        raise ProgramError(f"{words[0]} failed ({process.returncode}):\n{output}")
    return output


@contextmanager
def running(
    log: Path, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a program running while the block runs; its output goes to ``log``."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - programs and arguments are ours
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run_until(
    done: Callable[[], bool],
    command: Sequence[str | Path],
    *,
    log: Path,
    told: Callable[[], str],
    gave_up: Callable[[str], bool],
    seconds: float,
    env: Mapping[str, str] | None = None,
) -> None:
    """Keep a program running until ``done``; its output goes to ``log``, ``told`` is all that it says anywhere.

    Raises ProgramError with that when it ends before, when the time is over, or when it ``gave_up`` by what it told.
    """
    with running(log, command, env=env) as process:
        deadline = time.monotonic() + seconds
        while not done():
            said = told()
            if gave_up(said) or process.poll() is not None or time.monotonic() > deadline:
                raise ProgramError(f"{command[0]} did not get what it should, within {seconds:.0f} s:\n{said}")
            time.sleep(0.1)


def wait_until(
    ready: Callable[[], bool],
    what: str,
    process: subprocess.Popen[bytes],
    log: Path,
    *,
    seconds: float = START_SECONDS,
) -> None:
    """Wait until ``ready``; raises ProgramError with the program's output when it ends before or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ProgramError(f"{what} did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def is_listened_on(port: int) -> bool:
    """Whether somebody listens on the loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port of loopback, for TCP and UDP, that nobody listens on and this process has not returned yet.

    It is below the range that systems take ports from for outgoing connections and for servers that name none:
    between this answer and the use of the port hardly anybody can come by it.
    """
    while True:
        port = next(_ports)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, suppress(OSError):
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            return port
