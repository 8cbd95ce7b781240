"""The parent of ``trivium serve``: binds the sockets, keeps the worker processes alive, and ends them gently.

A worker is a new process, not a fork, and is told what to do by one line on its standard input. The pipe stays open
for as long as the parent lives: its end tells the worker that nobody supervises it any more.
"""

import asyncio
import contextlib
import errno
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.installation import KEY_ENCRYPTION_KEY_VARIABLE, Installation
from gateway.listener import ServerKind, bind
from gateway.settings.values import Endpoint
from gateway.start_message import StartMessage

DRAIN_SECONDS = 30
"""Workers still alive so long after SIGTERM are killed."""
START_SECONDS = 60
"""A worker must answer within this time."""
BIND_SECONDS = 3
"""How long to wait for an address: the workers of a killed predecessor are gone at once, not instantly."""
BACK_OFF = (0.2, 1.0, 5.0, 30.0)
"""Seconds before a dead worker is replaced, by how often in a row it died young."""
YOUNG_SECONDS = 10.0

_log = logging.getLogger("trivium.supervisor")


class Supervisor:
    """Runs the gateway's worker processes until SIGTERM or SIGINT."""

    def __init__(
        self,
        installation: Installation,
        *,
        server: ServerKind,
        workers: int,
        announce: Callable[[dict[str, str]], None],
    ) -> None:
        self._installation = installation
        self._server = server
        self._workers = workers
        self._announce = announce
        self._stopping = asyncio.Event()
        self._endpoints: dict[str, str] = {}
        self._processes: set[asyncio.subprocess.Process] = set()
        self._sockets: list[socket.socket] = []

    async def run(self) -> None:
        """Serve until told to stop; raises UNAVAILABLE when an address is taken or a worker cannot start."""
        endpoints_file = self._installation.endpoints_file
        endpoints_file.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._begin_end)
        slots: list[asyncio.Task[None]] = []
        try:
            listen = self._installation.settings.listen
            self._sockets = [
                await self._bind("listen.acme", listen.acme),
                await self._bind("listen.status", listen.status),
            ]
            if listen.cmc_tcp:
                self._sockets.append(await self._bind("listen.cmc_tcp", listen.cmc_tcp))
            # The first worker alone does what is done once: it orders the listener's certificate when there is none.
            slots = [await self._begin_slot(0)]
            if not self._stopping.is_set():
                slots += await asyncio.gather(*(self._begin_slot(index) for index in range(1, self._workers)))
            if not self._stopping.is_set():
                _write_atomically(endpoints_file, self._endpoints)
                self._announce(self._endpoints)
            await self._stopping.wait()
        finally:
            endpoints_file.unlink(missing_ok=True)
            await self._end(slots)

    async def _bind(self, setting: str, endpoint: Endpoint) -> socket.socket:
        until = asyncio.get_running_loop().time() + BIND_SECONDS
        while True:
            try:
                return bind(endpoint.host, endpoint.port)
            except OSError as error:
                taken = error.errno == errno.EADDRINUSE
                if taken and asyncio.get_running_loop().time() < until and not self._stopping.is_set():
                    await asyncio.sleep(0.1)
                    continue
                reason = "something else listens there" if taken else error.strerror
                raise TriviumError(
                    ErrorKind.UNAVAILABLE,
                    f"{endpoint} cannot be listened on: {reason}. Change `{setting}` in trivium.toml.",
                ) from error

    async def _begin_slot(self, index: int) -> asyncio.Task[None]:
        """Start a worker, wait until it answers, and return the task that replaces it whenever it dies."""
        process = await self._start(index)
        return asyncio.create_task(self._keep(index, process))

    async def _keep(self, index: int, process: asyncio.subprocess.Process | None) -> None:
        loop = asyncio.get_running_loop()
        young_deaths = 0
        born = loop.time()
        while True:
            if process is not None:
                code = await process.wait()
                self._processes.discard(process)
                if self._stopping.is_set():
                    return
                _log.error("worker %d (process %d) ended with %d and is replaced", index, process.pid, code)
            young_deaths = young_deaths + 1 if loop.time() - born < YOUNG_SECONDS else 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), BACK_OFF[min(young_deaths, len(BACK_OFF)) - 1])
                return
            born = loop.time()
            try:
                process = await self._start(index)
            except (TriviumError, OSError) as error:  # no memory, no process, no descriptor: there may be one later
                _log.error("worker %d: %s", index, error)
                process = None

    async def _start(self, index: int) -> asyncio.subprocess.Process:
        """Start one worker and wait for its word; raises UNAVAILABLE with the reason it gives."""
        descriptors = [listening.fileno() for listening in self._sockets]
        environment = {name: value for name, value in os.environ.items() if name != KEY_ENCRYPTION_KEY_VARIABLE}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "gateway.worker_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
            env=environment,
        )
        self._processes.add(process)
        message = StartMessage(
            directory=str(self._installation.directory),
            server=self._server,
            index=index,
            acme_descriptor=descriptors[0],
            status_descriptor=descriptors[1],
            cmc_tcp_descriptor=descriptors[2] if descriptors[2:] else None,
            key_encryption_key=os.environ.get(KEY_ENCRYPTION_KEY_VARIABLE),
        )
        if process.stdin is None or process.stdout is None:
            raise TriviumError(ErrorKind.INTERNAL, "The worker process has no pipes.")
        answer: dict[str, Any] = {}
        with contextlib.suppress(TimeoutError, ValueError, ConnectionError):
            process.stdin.write(message.line())
            await process.stdin.drain()
            answer = json.loads(await asyncio.wait_for(process.stdout.readline(), START_SECONDS))
        if "endpoints" in answer:
            self._endpoints = answer["endpoints"]
            return process
        if process.returncode is None:
            process.kill()
        await process.wait()
        self._processes.discard(process)
        if self._stopping.is_set():
            return process
        reason = answer.get("failed", "A worker process did not start; the lines above say why.")
        raise TriviumError(ErrorKind.UNAVAILABLE, str(reason))

    def _begin_end(self) -> None:
        """Tell every worker, also one that has not answered yet."""
        self._stopping.set()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def _end(self, slots: list[asyncio.Task[None]]) -> None:
        """Close the sockets, let the workers finish what they do, and kill whoever takes too long."""
        for listening in self._sockets:
            listening.close()
        self._begin_end()
        if slots:
            await asyncio.wait(slots, timeout=DRAIN_SECONDS)
        for process in list(self._processes):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        for slot in slots:
            slot.cancel()


def _write_atomically(path: Path, content: dict[str, str]) -> None:
    """Whoever waits for the file never reads half of it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    temporary.replace(path)
