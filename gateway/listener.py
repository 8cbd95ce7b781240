"""One listening socket served by hypercorn or uvicorn: HTTP/1.1 only, within the same limits."""

import asyncio
import socket
import ssl
from enum import StrEnum
from typing import Any, Protocol

from gateway.listener_limits import BACKLOG


class ServerKind(StrEnum):
    """The ASGI servers; the benchmarks say what each costs."""

    HYPERCORN = "hypercorn"
    UVICORN = "uvicorn"


class Application(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        ...


class Serve(Protocol):
    """Serves one socket until ``stop``; sets ``started`` once it accepts."""

    async def __call__(
        self,
        app: Application,
        listening: socket.socket,
        context: ssl.SSLContext | None,
        *,
        started: asyncio.Event,
        stop: asyncio.Event,
    ) -> None:
        """Serve; returns when running requests are answered or the drain time is over."""
        ...


def serve_with(kind: ServerKind) -> Serve:
    """Return the function that serves with this server; imports it, and only it."""
    if kind is ServerKind.UVICORN:
        from gateway.listener_uvicorn import serve as with_uvicorn  # noqa: PLC0415 - the other server is not loaded

        return with_uvicorn
    from gateway.listener_hypercorn import serve as with_hypercorn  # noqa: PLC0415

    return with_hypercorn


def tls_context() -> ssl.SSLContext:
    """Return a server context: TLS 1.2 and up, HTTP/1.1, no client certificate asked for, and no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.settimeout(0)
    return listening
