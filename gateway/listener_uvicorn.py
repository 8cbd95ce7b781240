"""A listener on uvicorn with httptools: the fast one."""

import asyncio
import socket
import ssl
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway import listener_limits as limits
from gateway.listener import Application

PIPELINED = 16
"""Requests of one connection that may wait for the answer to an earlier one; 256 KiB of small ones weigh 46 MB."""


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
        timeout_keep_alive=limits.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=limits.DRAIN_SECONDS,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
    await _Server(config, started=started, stop=stop).run_on(listening)


class BoundedProtocol(HttpToolsProtocol):
    """Bounds what the parser leaves open: the size of a request's head and the time a whole request may take.

    A head that ends is measured by its parts, since much of a body may have come with it; one that does not end, by
    what has been read.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a peer that sends nothing is slow too, and one too many goes at once."""
        super().connection_made(transport)
        if len(self.connections) > limits.CONNECTIONS:
            self.cut_off()
        self.clock = limits.PeerClock(self.loop.time())
        self._heads = 0
        self._unfinished_head = self._head = 0

    def data_received(self, data: bytes) -> None:
        """Count the bytes of an unfinished head."""
        self.clock.received(self.loop.time())
        in_head, heads = self.clock.in_head, self._heads
        super().data_received(data)
        if in_head and heads == self._heads:
            self._unfinished_head += len(data)
            if self._unfinished_head > limits.HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count it; the parser turns the error into one of its own: 400."""
        self._head += len(name) + len(value) + 4
        if self._head > limits.HEAD_BYTES:
            raise ValueError("the head is too large")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Dispatch the request, whose head is over."""
        if self._head + len(self.url) > limits.HEAD_BYTES:
            raise ValueError("the head is too large")
        self.clock.head_ended()
        self._heads += 1
        self._unfinished_head = self._head = 0
        if len(self.pipeline) >= PIPELINED:
            raise ValueError("too many requests wait for their turn")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock; the next head counts anew, whatever trailers came before it."""
        self.clock.request_ended()
        self._head = 0
        super().on_message_complete()

    def overdue(self, now: float) -> bool:
        """Whether the peer has taken too long over its request."""
        return self.clock.overdue(now)

    def cut_off(self) -> None:
        """End the connection at once."""
        self.transport.abort()


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
        """Accept, and say so; uvicorn's own has no settings for the times of TLS."""
        loop, config = asyncio.get_running_loop(), self.config
        protocol = partial(BoundedProtocol, config=config, server_state=self.server_state, app_state={})
        self.servers = [
            await loop.create_server(
                protocol,
                sock=listening,
                ssl=config.ssl,
                ssl_handshake_timeout=None if config.ssl is None else limits.HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=None if config.ssl is None else limits.CLOSE_SECONDS,
                backlog=limits.BACKLOG,
            )
            for listening in sockets or []
        ]
        self.started = True
        self._started.set()
        connections: Any = self.server_state.connections  # of BoundedProtocol alone
        self._looking = asyncio.create_task(limits.cut_off_the_overdue(connections))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, with nobody overdue any more."""
        try:
            await super().shutdown(sockets)
        finally:
            self._looking.cancel()

    async def on_tick(self, counter: int) -> bool:
        """Each 0.1 s: end when told."""
        return await super().on_tick(counter) or self._stop.is_set()
