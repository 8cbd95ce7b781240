"""What clients need of HTTP and of a server that is restarted (acme.md, facts 5, 16 and 18), byte by byte over TLS."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.client import Client
from conformance.acme.probe.order import place
from conformance.processes import free_port
from tests.probed_gateway import probed_gateway
from tests.running_gateway import RunningGateway

SECONDS = 60


@dataclass
class Wire:
    """A TLS connection to the gateway, on which a test writes what it likes."""

    connection: ssl.SSLSocket

    def send(self, text: str, body: bytes = b"") -> None:
        """Write a head, lines separated by line feeds, and a body."""
        self.connection.sendall(text.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

    def receive(self) -> tuple[str, bytes]:
        """Read one answer: its head and its body."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(body) < length:
            body += self._more()
        return head.decode("latin-1"), body

    @property
    def is_closed(self) -> bool:
        """Whether the gateway has closed the connection."""
        return not self.connection.recv(1)

    def _more(self) -> bytes:
        more = self.connection.recv(65536)
        assert more, "the connection was closed in the middle of an answer"
        return more


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, Ca]]:
    """Give a gateway of two workers."""
    with probed_gateway(tmp_path_factory.mktemp("http") / "ca", workers=2) as running:
        yield running


@pytest.fixture
def ca(running: tuple[RunningGateway, Ca]) -> Ca:
    """Give the client's view of it."""
    return running[1]


@pytest.fixture
def wire(ca: Ca) -> Iterator[Wire]:
    """Give a connection to it."""
    where = urlsplit(ca.options.directory)
    assert where.hostname is not None
    context = ssl.create_default_context(cafile=str(ca.options.trust))
    with (
        socket.create_connection((where.hostname, where.port or 443), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=where.hostname) as connection,
    ):
        yield Wire(connection)


def host(ca: Ca) -> str:
    """Return what a client puts into Host."""
    return urlsplit(ca.options.directory).netloc


def signed_order(ca: Ca) -> tuple[str, bytes]:
    """Return the path and body of a newOrder request that has not been sent."""
    url = ca.directory["newOrder"]
    body = ca.client.sign(url, {"identifiers": [{"type": "dns", "value": ca.new_name()}]})
    return urlsplit(url).path, json.dumps(body).encode()


def test_fact_5_a_nonce_is_good_at_every_worker_and_after_a_restart(
    running: tuple[RunningGateway, Ca],
) -> None:
    """Some clients do not retry on badNonce: a valid nonce is never refused, by whichever worker, before or after."""
    gateway, ca = running
    nonces = [ca.client.nonce() for _ in range(20)]
    for nonce in nonces[:10]:
        fresh_connection = Client(ca.transport, ca.directory, ca.client.key, ca.client.url)
        ca.transport.close()
        assert fresh_connection.post(ca.client.url, nonce=nonce).status == 200
    gateway.stop()
    gateway.start(workers=2)
    for nonce in nonces[10:]:
        assert ca.client.post(ca.client.url, nonce=nonce).status == 200
    for nonce in nonces:
        assert ca.client.post(ca.client.url, nonce=nonce).problem == "badNonce"


def test_fact_16_http_1_0(ca: Ca, wire: Wire) -> None:
    """Old clients and proxies speak HTTP/1.0: they get their answer, and the connection ends."""
    path, body = signed_order(ca)
    head = f"Content-Type: application/jose+json\nContent-Length: {len(body)}"
    wire.send(f"POST {path} HTTP/1.0\nHost: {host(ca)}\n{head}", body)
    status, answer = wire.receive()
    assert status.split()[1] == "201"
    assert json.loads(answer)["status"] == "pending"
    assert wire.is_closed


def test_fact_16_keep_alive(ca: Ca, wire: Wire) -> None:
    """A client does its whole issuance on one connection."""
    for _ in range(3):
        path, body = signed_order(ca)
        head = f"Content-Type: application/jose+json\nContent-Length: {len(body)}"
        wire.send(f"POST {path} HTTP/1.1\nHost: {host(ca)}\n{head}", body)
        assert wire.receive()[0].split()[1] == "201"


def test_fact_16_expect_100_continue(ca: Ca, wire: Wire) -> None:
    """With curl, a large body comes only after "100 Continue"."""
    path, body = signed_order(ca)
    head = f"Content-Type: application/jose+json\nContent-Length: {len(body)}\nExpect: 100-continue"
    wire.send(f"POST {path} HTTP/1.1\nHost: {host(ca)}\n{head}")
    assert wire.receive()[0].split()[1] == "100"
    wire.connection.sendall(body)
    assert wire.receive()[0].split()[1] == "201"


@pytest.mark.parametrize(
    "header",
    ["", "User-Agent: " + "x" * 2000, "Accept-Language: " + "de-CH, de;q=0.9, " * 60 + "en", "Accept: */*"],
    ids=["none", "long User-Agent", "long Accept-Language", "Accept"],
)
def test_fact_16_headers_of_clients(ca: Ca, wire: Wire, header: str) -> None:
    """A missing or long User-Agent or Accept-Language changes nothing (ACMESharp sends no User-Agent, fact 17)."""
    path, body = signed_order(ca)
    head = f"Content-Type: application/jose+json\nContent-Length: {len(body)}" + (f"\n{header}" if header else "")
    wire.send(f"POST {path} HTTP/1.1\nHost: {host(ca)}\n{head}", body)
    assert wire.receive()[0].split()[1] == "201"


def test_fact_16_forged_host_headers(ca: Ca, wire: Wire) -> None:
    """URLs come from the configuration: a forged Host or X-Forwarded-Host makes no other (rule 37)."""
    forged = "Host: elsewhere.example\nX-Forwarded-Host: elsewhere.example\nX-Forwarded-Proto: http"
    wire.send(f"GET {urlsplit(ca.options.directory).path} HTTP/1.1\n{forged}")
    status, answer = wire.receive()
    assert "elsewhere" not in status
    assert json.loads(answer) == ca.directory


def test_fact_16_behind_a_proxy(tmp_path: Path) -> None:
    """Behind a proxy the configured external URL is in every answer, and is what requests are signed for."""
    external = "https://acme.trivium.test"
    with probed_gateway(tmp_path / "ca") as (gateway, ca):
        inner = ca.options.directory.removesuffix("/acme/directory")
        settings = gateway.directory / "trivium.toml"
        settings.write_text(f'external_url = "{external}"\n' + settings.read_text())
        gateway.stop()
        gateway.start()
        directory = json.loads(ca.transport.send("GET", ca.options.directory).body)
        assert {urlsplit(url).netloc for name, url in directory.items() if name != "meta"} == {"acme.trivium.test"}
        client = Client(ca.transport, {**directory, "newNonce": f"{inner}/acme/new-nonce"})
        signed = client.sign(directory["newAccount"], {"termsOfServiceAgreed": True})
        answer = client.send(directory["newAccount"].replace(external, inner), signed)
        assert answer.status == 201
        assert answer.header("location").startswith(f"{external}/acme/account/")
        assert answer.links("index") == [f"{external}/acme/directory"]
        wrong = client.sign(f"{inner}/acme/new-account", {"termsOfServiceAgreed": True})
        assert client.send(f"{inner}/acme/new-account", wrong).problem == "unauthorized"


def test_fact_16_ipv6_literals(tmp_path: Path) -> None:
    """A URL with an IPv6 literal is one to clients, and comes back as it is."""
    port = free_port()
    with probed_gateway(tmp_path / "ca", f"listen.acme=[::1]:{port}") as (_, ca):
        assert ca.options.directory == f"https://[::1]:{port}/acme/directory"
        answer = place(ca.client, [ca.new_name()])
        assert answer.status == 201
        assert answer.header("location").startswith(f"https://[::1]:{port}/acme/order/")


def test_fact_18_urls(ca: Ca) -> None:
    """Clients compare URLs as strings: plain ASCII, no default port; the directory answers at both of its paths."""
    pending = ca.pending
    urls = [url for name, url in ca.directory.items() if name != "meta"]
    urls += [ca.client.url, pending.url, *pending.placed.json["authorizations"], pending.placed.json["finalize"]]
    for url in urls:
        assert url.isascii()
        assert ":443/" not in url
        assert not url.endswith("/")
    base = ca.options.directory.removesuffix("/directory")
    assert ca.transport.send("GET", base).json == ca.directory
    for answer in ca.transport.seen:
        for name, value in answer.headers:
            assert "\n" not in value, name
