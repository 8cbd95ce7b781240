"""A listener on uvicorn with httptools: the fast one."""

import asyncio
import socket
import ssl
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.listener import (
    CONNECTIONS,
    DRAIN_SECONDS,
    HEAD_BYTES,
    KEEP_ALIVE_SECONDS,
    REQUEST_SECONDS,
    Application,
)


async def serve(
    app: Application,
    listening: socket.socket,
    context: ssl.SSLContext | None,
    *,
    started: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Serve ``listening`` until ``stop``; see :class:`gateway.listener.Serve`."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
    await _Server(config, started=started, stop=stop).run_on(listening)


class BoundedProtocol(HttpToolsProtocol):
    """Bounds what the parser leaves open: the size of a request's head and the time a whole request may take."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a peer that sends nothing is slow too."""
        super().connection_made(transport)
        self._head_bytes: int | None = 0
        self.waiting_since: float | None = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Count the bytes of an unfinished head."""
        if self.waiting_since is None:
            self.waiting_since = self.loop.time()
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """Dispatch the request, whose head is over."""
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock; the next head counts anew."""
        self._head_bytes = 0
        self.waiting_since = None
        super().on_message_complete()


class _Server(uvicorn.Server):
    """A server that is told to stop by an event and leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config, *, started: asyncio.Event, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._started = started
        self._stop = stop

    async def run_on(self, listening: socket.socket) -> None:
        """Serve until the stop event (``_serve`` is ``serve`` without signal handlers)."""
        await self._serve(sockets=[listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept, and say so."""
        await super().startup(sockets)
        self._started.set()

    async def on_tick(self, counter: int) -> bool:
        """Each 0.1 s: end when told; each second: cut off whoever takes too long over a request."""
        if counter % 10 == 0:
            overdue = asyncio.get_running_loop().time() - REQUEST_SECONDS
            connections: list[Any] = list(self.server_state.connections)
            for connection in connections:
                if connection.waiting_since is not None and connection.waiting_since < overdue:
                    connection.transport.abort()
        return await super().on_tick(counter) or self._stop.is_set()
