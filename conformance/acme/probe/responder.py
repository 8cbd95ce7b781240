"""What the server under test finds when it validates: a web server for http-01, and TXT records for dns-01."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PREFIX = "/.well-known/acme-challenge/"
_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Content:
    """What stands at one path; ``location`` makes it a redirect."""

    body: bytes
    status: int = 200
    location: str = ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A validation request as it arrived."""

    method: str
    path: str
    host: str


@dataclass
class WebServer:
    """The web server of every name; what it does not have is 404."""

    contents: dict[str, Content] = field(default_factory=dict)
    requests: list[Seen] = field(default_factory=list)

    def answer(self, token: str, body: str) -> None:
        """Put a key authorization, or something else, where http-01 looks for it."""
        self.contents[PREFIX + token] = Content(body=body.encode())

    def asked(self, token: str) -> list[Seen]:
        """Return the requests for this token."""
        return [seen for seen in self.requests if seen.path == PREFIX + token]


@contextmanager
def serving(address: str, port: int) -> Iterator[WebServer]:
    """Serve on this address while the block runs."""
    web = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.requests.append(Seen(method=self.command, path=self.path, host=self.headers.get("Host", "")))
            content = web.contents.get(self.path, Content(body=b"nothing here", status=404))
            self.send_response(content.status)
            if content.location:
                self.send_header("Location", content.location)
            self.send_header("Content-Length", str(len(content.body)))
            self.end_headers()
            self.wfile.write(content.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the requests are kept."""

    with ThreadingHTTPServer((address, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class TextRecords:
    """TXT records in the DNS the server asks, set over HTTP: ``conformance.loopback_dns`` or pebble-challtestsrv."""

    url: str

    def add(self, host: str, value: str) -> None:
        """Add a TXT record."""
        self._post("/set-txt", {"host": f"{host}.", "value": value})

    def clear(self, host: str) -> None:
        """Remove the TXT records of a name."""
        self._post("/clear-txt", {"host": f"{host}."})

    def _post(self, path: str, command: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_SECONDS)
        try:
            connection.request("POST", path, json.dumps(command).encode())
            if (answer := connection.getresponse()).status != http.HTTPStatus.OK:
                raise ValueError(f"{self.url}{path} answered {answer.status}")
        finally:
            connection.close()
