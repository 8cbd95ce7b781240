"""A listener on hypercorn: the default."""

import asyncio
import logging
import socket
import ssl
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol

from gateway.listener import DRAIN_SECONDS, HEAD_BYTES, KEEP_ALIVE_SECONDS, REQUEST_SECONDS, Application


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

    H11Protocol._check_protocol = _stay_with_http_1  # type: ignore[method-assign, assignment]  # noqa: SLF001 - no setting
    config = _Config(context)
    config.bind = [f"fd://{listening.detach()}"]
    await hypercorn_serve(app, config, shutdown_trigger=accepting_until_stop, mode="asgi")


class _Config(Config):
    """hypercorn's configuration with our limits and a ready TLS context."""

    alpn_protocols = ["http/1.1"]  # noqa: RUF012 - as the base class has it
    accesslog = None
    errorlog = logging.getLogger("hypercorn.error")
    include_server_header = False
    backlog = 1024
    graceful_timeout = DRAIN_SECONDS
    shutdown_timeout = DRAIN_SECONDS
    keep_alive_timeout = KEEP_ALIVE_SECONDS
    read_timeout = REQUEST_SECONDS
    ssl_handshake_timeout = 10
    h11_max_incomplete_size = HEAD_BYTES

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context

    @property
    def ssl_enabled(self) -> bool:
        """Whether a context was given."""
        return self._context is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Return the context that was given, whose certificate the worker replaces when it is renewed."""
        return self._context


async def _stay_with_http_1(_protocol: H11Protocol, _event: Any) -> None:
    """Ignore an h2c upgrade or preface: HTTP/2 is not offered, so its parser must not be reachable."""
