"""One kept-alive HTTPS/1.1 connection: just enough of RFC 9112 for an ACME client that must cost little itself.

A general client library costs 100-150 us a request, as much as the servers measured; this one about a third of it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer: status, header fields (names in lower case, the last of a name wins) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class HttpsConnection:
    """A connection to one origin, opened at the first request and again when the server has closed it."""

    host: str
    port: int
    tls: ssl.SSLContext
    requests: int = 0
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, repr=False)

    @classmethod
    def to(cls, url: str, tls: ssl.SSLContext) -> Self:
        """A connection to the origin of ``url`` (https)."""
        parts = urlsplit(url)
        return cls(host=parts.hostname or "", port=parts.port or 443, tls=tls)

    async def request(self, method: str, url: str, body: bytes = b"") -> Response:
        """Send one request and read its answer; a connection found closed is opened anew, once.

        Raises ConnectionError when the server closes in the middle of an answer or refuses the connection.
        """
        head = (
            f"{method} {_target(url)} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nUser-Agent: bench\r\n"
            f"Content-Type: application/jose+json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        message = head.encode() + body
        reused = self._streams is not None
        self.requests += 1
        try:
            return await self._exchange(message, bodiless=method == "HEAD")
        except (asyncio.IncompleteReadError, ConnectionError) as closed:
            await self.close()
            begun = isinstance(closed, asyncio.IncompleteReadError) and closed.partial
            if begun or not reused:
                raise ConnectionError(f"{method} {url}: the server closed the connection") from closed
        return await self._exchange(message, bodiless=method == "HEAD")

    async def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _exchange(self, message: bytes, *, bodiless: bool) -> Response:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        reader, writer = self._streams
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head[:-4].split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = int(status_line.split(" ", 2)[1])
        body = b"" if bodiless or status == 204 else await _body(reader, headers)
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return Response(status=status, headers=headers, body=body)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunks.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(chunks)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
