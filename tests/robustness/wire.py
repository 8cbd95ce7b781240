"""HTTP/1.1 written by hand: requests that no client library would send, on connections that stay open."""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self

from tests.robustness.acme_client import Answer

ANSWER_SECONDS = 20
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class Headers(dict[str, str]):
    """Headers by name in lower case; of several with one name the last."""

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        """Return a header."""
        return super().get(name.lower(), default)


@dataclass
class Wire:
    """One connection to a port of loopback, opened when needed; with a TLS context, as ``localhost``."""

    port: int
    tls: ssl.SSLContext | None = None
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def open(self) -> asyncio.StreamWriter:
        """Return the open connection's writer."""
        if self.writer is None:
            name = "localhost" if self.tls else None
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=self.tls, server_hostname=name
            )
        return self.writer

    def close(self) -> None:
        """Cut the connection."""
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def send(self, request: bytes) -> Answer | None:
        """Send a request and return its answer; None when the peer just closed the connection."""
        async with asyncio.timeout(ANSWER_SECONDS):
            try:
                writer = await self.open()
                writer.write(request)
                answer = await self.answer(request.startswith(b"HEAD "))
            except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
                self.close()
                return None
        if answer.headers.get("connection") == "close" or "content-length" not in answer.headers:
            self.close()
        return answer

    async def answer(self, to_head: bool = False) -> Answer:
        """Read one answer."""
        assert self.reader is not None
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.rstrip("\r\n").split("\r\n")
        status = int(status_line.split(" ")[1])
        pairs = (line.partition(":") for line in lines)
        headers = Headers({name.lower(): value.strip() for name, _, value in pairs})
        if to_head or status in _BODILESS:
            headers.setdefault("content-length", "0")
            return Answer(status=status, headers=headers, body=b"")
        if "content-length" in headers:
            return Answer(
                status=status, headers=headers, body=await self.reader.readexactly(int(headers["content-length"]))
            )
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status=status, headers=headers, body=await self._chunks())
        return Answer(status=status, headers=headers, body=await self.reader.read())

    async def _chunks(self) -> bytes:
        """Read a body that comes in chunks (RFC 9112 section 7.1), none of them with a trailer."""
        assert self.reader is not None
        body = bytearray()
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return bytes(body)


def request(method: str, path: str, body: bytes = b"", *headers: tuple[str, str]) -> bytes:
    """Return a request; text goes onto the wire as Latin-1, whatever it contains."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers)]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body
