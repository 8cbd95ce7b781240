"""A worker process of ``trivium serve``: told what to do on standard input, answers on standard output, then serves."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from ca_core.model.errors import TriviumError
from gateway.logs import configure
from gateway.server import serve
from gateway.start_message import StartMessage

_GARBAGE_ROUNDS = (20_000, 20, 20)
"""Allocations between two rounds over the young, and rounds of these between those over the older and the oldest."""
_log = logging.getLogger("trivium.worker")


def main() -> None:
    """Serve until SIGTERM, or until the supervisor is gone."""
    configure("warning")
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the usual 1,024 are used up by idle connections
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys in memory must not reach a core file (rule 31)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor passes it on
    message = StartMessage.parse(sys.stdin.buffer.readline())
    supervisor = _take_standard_output()

    def answer(content: dict[str, object]) -> None:
        """Say the one thing the supervisor waits for: the URLs, or why not."""
        with contextlib.suppress(BrokenPipeError):
            supervisor.write(json.dumps(content) + "\n")
            supervisor.close()

    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_serve(message, answer))
        except TriviumError as error:
            if supervisor.closed:
                _log.error("the worker ends: %s", error.detail)
            else:
                answer({"failed": error.detail})
            sys.exit(1)
        except Exception:  # noqa: BLE001 - the last line of defence, and it logs
            _log.exception("the worker ends")
            sys.exit(1)


async def _serve(message: StartMessage, answer: Callable[[dict[str, object]], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.set_exception_handler(_log_unless_a_peer_is_at_fault)

    def answering(endpoints: dict[str, str]) -> None:
        _settle_memory()
        answer({"endpoints": endpoints})

    await serve(message, stop=stop, answering=answering)


def _settle_memory() -> None:
    """Take what start-up made out of the garbage collector's rounds: they cost 7 % of the CPU of an issuance."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_ROUNDS)


def _take_standard_output() -> TextIO:
    """Return the pipe to the supervisor; whatever prints from now on goes to standard error.

    A library's message must not be taken for an answer, nor fill a pipe that nobody reads after the first line.
    """
    supervisor = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return supervisor


def _end_with_supervisor() -> None:
    """Wait for the end of the pipe from the supervisor, then end at once: what is stored survives any end."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def _log_unless_a_peer_is_at_fault(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Keep failed TLS handshakes and broken connections out of the log: anybody can cause them by the thousand."""
    if isinstance(context.get("exception"), OSError):  # ssl.SSLError is one
        return
    loop.default_exception_handler(context)


if __name__ == "__main__":
    main()
