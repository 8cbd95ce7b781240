"""HTTPS as the probe speaks it: any method, any header, and every answer remembered."""

import http.client
import json
import re
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conformance.acme.probe.jose import Json

SECONDS = 60
_URN = "urn:ietf:params:acme:error:"
_LINK = re.compile(r'<([^>]*)>\s*;\s*rel="?([^";]+)"?')

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer and what was asked; header names are in lower case."""

    method: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of this name, empty where there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Return every header of this name."""
        return [value for key, value in self.headers if key == name]

    def links(self, relation: str) -> list[str]:
        """Return the targets of the Link headers with this relation (RFC 8288)."""
        return [url for line in self.all("link") for url, name in _LINK.findall(line) if name == relation]

    @property
    def media_type(self) -> str:
        """The media type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def json(self) -> Json:
        """The body as a JSON object in UTF-8; raises ValueError when it is none."""
        value = json.loads(self.body.decode("utf-8"))
        if not isinstance(value, dict):
            raise ValueError(f"{self} is not a JSON object")  # noqa: TRY004 - one exception for every wrong body
        return value

    @property
    def problem(self) -> str:
        """The ACME error type without its URN, empty where the answer is no such problem document."""
        if self.media_type != "application/problem+json":
            return ""
        kind = str(self.json.get("type", ""))
        return kind.removeprefix(_URN) if kind.startswith(_URN) else ""

    def __str__(self) -> str:
        said = self.body[:200].decode("utf-8", "replace") if self.status >= http.HTTPStatus.BAD_REQUEST else ""
        return f"{self.method} {urlsplit(self.url).path}: {self.status} {said}".rstrip()


class Transport:
    """HTTPS to the server under test, whose certificate must verify; connections are kept, one a thread and host."""

    def __init__(self, trust: Path | None) -> None:
        self._context = ssl.create_default_context(cafile=None if trust is None else str(trust))
        self._local = threading.local()
        self._opened: list[http.client.HTTPSConnection] = []
        self.seen: list[Answer] = []

    def send(self, method: str, url: str, body: bytes = b"", headers: Headers = ()) -> Answer:
        """Send one request with exactly these headers, a Host and a length; a kept connection that broke is renewed."""
        parts = urlsplit(url)
        connections: dict[str, http.client.HTTPSConnection] = self._local.__dict__
        kept = connections.get(parts.netloc)
        try:
            answer = self._exchange(kept or self._connect(parts.netloc), method, url, body, headers)
        except (ConnectionError, ssl.SSLEOFError, http.client.HTTPException):
            if kept is None:
                raise
            answer = self._exchange(self._connect(parts.netloc), method, url, body, headers)
        self.seen.append(answer)
        return answer

    def close(self) -> None:
        """Close every connection."""
        for connection in self._opened:
            connection.close()

    def _connect(self, netloc: str) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(netloc, timeout=SECONDS, context=self._context)
        self._local.__dict__[netloc] = connection
        self._opened.append(connection)
        return connection

    def _exchange(
        self, connection: http.client.HTTPSConnection, method: str, url: str, body: bytes, headers: Headers
    ) -> Answer:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (("User-Agent", "trivium-conformance"), ("Accept-Language", "en"), *headers):
                connection.putheader(name, value)
            if body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            received = response.read()
        except BaseException:
            connection.close()
            self._local.__dict__.pop(parts.netloc, None)
            raise
        return Answer(
            method=method,
            url=url,
            status=response.status,
            headers=tuple((name.lower(), value) for name, value in response.getheaders()),
            body=received,
        )
