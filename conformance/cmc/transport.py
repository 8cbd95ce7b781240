"""CMC over HTTP (RFC 10003 section 6), well-behaved and as deployed clients do it."""

import http.client
import socket
import ssl
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

REQUEST = "application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m"
PKCS10 = "application/pkcs10"

_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; ``media_type`` is the whole Content-Type in lower case."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A CMC URL (https or http); ``tls_ca`` is what to trust for its TLS (PEM)."""

    url: str
    tls_ca: Path

    def send(
        self, body: bytes, *, method: str = "POST", query: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """Send one request on a connection of its own."""
        parts = urlsplit(self.url)
        connection = (
            http.client.HTTPSConnection(parts.netloc, timeout=_SECONDS, context=self._tls())
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
        )
        try:
            connection.request(method, self._path(query), body=body, headers=dict(headers))
            response = connection.getresponse()
            media_type = (response.getheader("Content-Type") or "").lower()
            return Answer(status=response.status, media_type=media_type, body=response.read())
        finally:
            connection.close()

    def send_as_dogtag(self, body: bytes, *, query: str = "") -> Answer:
        """Send as Dogtag's HttpClient: HTTP/1.0, without Host and Content-Type."""
        parts = urlsplit(self.url)
        address = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        with ExitStack() as stack:
            wire = stack.enter_context(socket.create_connection(address, timeout=_SECONDS))
            if parts.scheme == "https":
                wire = stack.enter_context(self._tls().wrap_socket(wire, server_hostname=parts.hostname))
            wire.sendall(f"POST {self._path(query)} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            response = stack.enter_context(closing(http.client.HTTPResponse(wire)))
            response.begin()
            media_type = (response.getheader("Content-Type") or "").lower()
            return Answer(status=response.status, media_type=media_type, body=response.read())

    def _path(self, query: str) -> str:
        parts = urlsplit(self.url)
        queries = "&".join(one for one in (parts.query, query) if one)
        return f"{parts.path or '/'}?{queries}" if queries else parts.path or "/"

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.tls_ca))
