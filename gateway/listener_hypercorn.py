"""A listener on hypercorn: the default."""

import asyncio
import logging
import socket
import ssl
from typing import Any

import h11
from hypercorn.asyncio import run as hypercorn_run
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol

from gateway import listener_limits as limits
from gateway.listener import Application


async def serve(
    app: Application,
    listening: socket.socket,
    context: ssl.SSLContext | None,
    *,
    started: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Serve ``listening`` until ``stop``; see :class:`gateway.listener.Serve`."""

    async def accepting_until_stop() -> None:
        # hypercorn starts waiting for its shutdown trigger once every socket accepts.
        started.set()
        await stop.wait()

    # hypercorn has settings for neither.
    H11Protocol._check_protocol = _stay_with_http_1  # type: ignore[method-assign, assignment]  # noqa: SLF001
    hypercorn_run.TCPServer = BoundedConnection  # type: ignore[attr-defined]
    config = _Config(context)
    config.bind = [f"fd://{listening.detach()}"]
    looking = asyncio.create_task(limits.cut_off_the_overdue(config.connections))
    try:
        await hypercorn_serve(app, config, shutdown_trigger=accepting_until_stop, mode="asgi")
    finally:
        looking.cancel()


class _Config(Config):
    """hypercorn's configuration with our limits, a ready TLS context, and the connections of one listener."""

    alpn_protocols = ["http/1.1"]  # noqa: RUF012 - as the base class has it
    accesslog = None
    errorlog = logging.getLogger("hypercorn.error")
    include_server_header = False
    backlog = limits.BACKLOG
    graceful_timeout = limits.DRAIN_SECONDS
    shutdown_timeout = limits.DRAIN_SECONDS
    keep_alive_timeout = limits.KEEP_ALIVE_SECONDS
    ssl_handshake_timeout = limits.HANDSHAKE_SECONDS
    h11_max_incomplete_size = limits.HEAD_BYTES

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self.connections: set[BoundedConnection] = set()

    @property
    def ssl_enabled(self) -> bool:
        """Whether a context was given."""
        return self._context is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Return the context that was given, whose certificate the worker replaces when it is renewed."""
        return self._context


class BoundedConnection(TCPServer):
    """Bounds what hypercorn leaves open: how many connections there are, and the time a whole request may take."""

    config: _Config

    async def run(self) -> None:
        """Serve the connection, unless it is one too many."""
        connections = self.config.connections
        if len(connections) >= limits.CONNECTIONS:
            self.cut_off()
            return
        self.clock = limits.PeerClock(self.loop.time())
        connections.add(self)
        try:
            await super().run()
        finally:
            connections.discard(self)

    async def protocol_send(self, event: Event) -> None:
        """Stop the clock when an answer is complete and the next request may come."""
        if isinstance(event, Updated) and event.idle:
            self.clock.request_ended()
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        """Read as the base class does, under our clock in place of a timeout that each byte begins anew."""
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            self.clock.received(self.loop.time())
            await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())
        await self.idle_task.stop()  # for which the base class would wait

    def overdue(self, now: float) -> bool:
        """Whether the peer has taken too long over its request; asked of h11, which knows how far that has come."""
        protocol = self.protocol.protocol
        peer = protocol.connection.their_state if isinstance(protocol, H11Protocol) else None
        if peer is h11.SEND_BODY:
            self.clock.head_ended()
        elif peer is not h11.IDLE:
            self.clock.request_ended()
        return self.clock.overdue(now)

    async def _initiate_server_close(self) -> None:
        self._close_in_time()
        await super()._initiate_server_close()

    async def _close(self) -> None:
        self._close_in_time()
        await super()._close()

    def _close_in_time(self) -> None:
        """Cut off a peer that does not answer the end of TLS: the base class would wait 30 s for it."""
        self.loop.call_later(limits.CLOSE_SECONDS, self.cut_off)

    def cut_off(self) -> None:
        """End the connection at once."""
        self.writer.transport.abort()


async def _stay_with_http_1(_protocol: H11Protocol, _event: Any) -> None:
    """Ignore an h2c upgrade or preface: HTTP/2 is not offered, so its parser must not be reachable."""
