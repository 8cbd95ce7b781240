"""What stands beside a client that has no server of its own: a web server for its files, a TLS server, a DNS editor."""

import json
import ssl
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer, StreamRequestHandler, ThreadingTCPServer

WELL_KNOWN = Path(".well-known", "acme-challenge")
HOOK = (sys.executable, str(Path(__file__)))
"""A command for hooks: with ``set URL NAME VALUE`` or ``clear URL NAME`` it edits TXT records."""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving_files(directory: Path, port: int) -> Iterator[Path]:
    """Serve ``directory`` over plain HTTP on a port of loopback; give the folder for answers to http-01 in it."""
    challenges = directory / WELL_KNOWN
    challenges.mkdir(parents=True, exist_ok=True)
    with _serving(ThreadingHTTPServer(("127.0.0.1", port), partial(_Files, directory=str(directory)))):
        yield challenges


@contextmanager
def serving_alpn(directory: Path, port: int) -> Iterator[None]:
    """Answer TLS connections for acme-tls/1 with ``<name>.crt.pem`` and ``<name>.key.pem`` of ``directory``.

    RFC 8737 section 3. An unknown name gets no certificate, and so a failed handshake.
    """

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
        certificate = directory / f"{name}.crt.pem"
        if name is None or certificate not in directory.iterdir():
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        context = _alpn_context()
        context.load_cert_chain(certificate, directory / f"{name}.key.pem")
        connection.context = context  # which copies what is loaded by now
        return None

    context = _alpn_context()
    context.sni_callback = choose

    class Handshake(StreamRequestHandler):
        def handle(self) -> None:
            try:
                with context.wrap_socket(self.request, server_side=True) as connection:
                    connection.recv(1)
            except OSError:
                return  # whoever connected did not like what it saw, and says so itself

    class Listener(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with _serving(Listener(("127.0.0.1", port), Handshake)):
        yield


def set_txt(commands: str, name: str, value: str) -> None:
    """Add a TXT record in the DNS whose commands are at the URL ``commands``."""
    _post(f"{commands}/set-txt", {"host": f"{name.rstrip('.')}.", "value": value})


def clear_txt(commands: str, name: str) -> None:
    """Remove the TXT records of a name."""
    _post(f"{commands}/clear-txt", {"host": f"{name.rstrip('.')}."})


def _alpn_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["acme-tls/1"])
    return context


@contextmanager
def _serving(server: BaseServer) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _post(url: str, content: dict[str, str]) -> None:
    request = urllib.request.Request(url, data=json.dumps(content).encode())  # noqa: S310 - the operator's own URL
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


def main() -> None:
    """Edit a TXT record, as a client's hook asks: ``set URL NAME VALUE`` or ``clear URL NAME``."""
    match sys.argv[1:]:
        case ["set", url, name, value]:
            set_txt(url, name, value)
        case ["clear", url, name, *_]:
            clear_txt(url, name)
        case words:
            sys.exit(f"set URL NAME VALUE or clear URL NAME, not {words}")


if __name__ == "__main__":
    main()
