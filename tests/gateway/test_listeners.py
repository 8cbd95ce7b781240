"""The listeners in this process: the renewed certificate is taken over, and slow peers are cut off."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ca_core.certificates.lint import Linters
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import IssuerKind, OwnCertificateRole
from ca_core.orders.own_certificates import ensure
from gateway import listener_hypercorn
from gateway import listener_limits as limits
from gateway.listener import ServerKind, bind, serve_with
from gateway.listener_certificate import ListenerCertificate, listener_names
from gateway.settings_file import parse
from gateway.wiring import Opened, opened_core
from tests.gateway.installations import make_installation

LOCALHOST = Identifier(type=IdentifierType.DNS, value="localhost")
LOOPBACK = Identifier(type=IdentifierType.IP, value="127.0.0.1")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ["dns:localhost", "ip:127.0.0.1"]),
        ({"listen": {"acme": "[::1]:8443"}}, ["dns:localhost", "ip:::1"]),
        ({"listen": {"acme": "0.0.0.0:443"}, "external_url": "https://CA.example"}, ["dns:ca.example"]),
        (
            {"listen": {"acme": "192.0.2.1:443"}, "external_url": "https://ca.example"},
            ["dns:ca.example", "ip:192.0.2.1"],
        ),
    ],
)
def test_listener_is_named_as_clients_reach_it(values: dict[str, Any], names: list[str]) -> None:
    """A listener whose certificate lacks the name that clients use is one that no client trusts."""
    assert [str(name) for name in listener_names(parse(values, "test"))] == names


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    """A core over a new installation."""
    made = await asyncio.to_thread(make_installation, tmp_path / "ca")
    async with opened_core(made.installation, worker="test", linters=Linters()) as core:
        yield core


async def test_renewed_certificate_is_taken_over(opened: Opened, tmp_path: Path) -> None:
    """The listener's certificate is renewed by a timer in some worker: all others must follow without a restart."""
    core = opened.core
    issuers = await core.store.read(lambda tx: tx.issuers.all())
    issuer = next(issuer for issuer in issuers if issuer.kind is IssuerKind.ISSUING)
    certificate = ListenerCertificate(core, issuer.id, tmp_path)
    await certificate.order((LOCALHOST,))
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=certificate.context)
    port = server.sockets[0].getsockname()[1]
    first = await _served(port)
    renewed = await ensure(core, OwnCertificateRole.TLS_LISTENER, issuer.id, (LOCALHOST, LOOPBACK))
    assert await _served(port) == first
    await certificate.refresh()
    now_served = await _served(port)
    server.close()
    await server.wait_closed()
    assert first != now_served == x509.load_der_x509_certificate(renewed.certificate).serial_number


async def _served(port: int) -> int:
    """Return the serial number of the certificate that the listener shows."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der).serial_number


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
QUICK = 0.2
SOON = 20
"""Seconds in which a peer is cut off that has had its time; far more than it takes, for a machine that is busy."""


@dataclass
class Listening:
    """A listener on loopback whose application answers 204 once it may."""

    port: int
    may_answer: asyncio.Event

    async def connect(self) -> Connection:
        """Open a connection, and send nothing."""
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture(params=list(ServerKind))
def kind(request: pytest.FixtureRequest) -> ServerKind:
    """Each server."""
    return ServerKind(request.param)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give peers a moment in place of seconds; an idle connection is kept as long as ever."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", QUICK)
    monkeypatch.setattr(limits, "REQUEST_SECONDS", QUICK)
    monkeypatch.setattr(limits, "LOOK_SECONDS", QUICK / 4)


@asynccontextmanager
async def listening(kind: ServerKind, context: ssl.SSLContext | None = None) -> AsyncIterator[Listening]:
    """Serve on a free port; at the end nothing listens there."""
    may_answer = asyncio.Event()
    may_answer.set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await may_answer.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    opened = bind("127.0.0.1", 0)
    port = opened.getsockname()[1]
    started, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_with(kind)(app, opened, context, started=started, stop=stop))
    await started.wait()
    try:
        yield Listening(port, may_answer)
    finally:
        stop.set()
        await serving
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def _cut_off(connection: Connection) -> bool:
    """Whether the connection ends without an answer to a request."""
    reader, writer = connection
    rest = b""
    async with asyncio.timeout(SOON):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            rest = await reader.read()
    writer.close()
    return b" 204 " not in rest


async def _answered(connection: Connection, request: bytes = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") -> bool:
    reader, writer = connection
    writer.write(request)
    async with asyncio.timeout(SOON):
        return b" 204 " in await reader.readuntil(b"\r\n\r\n")


HALF_HEAD = b"GET / HTTP/1.1\r\nHo"
HALF_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n1"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("sent", [b"", HALF_HEAD, HALF_BODY])
async def test_slow_peer_is_cut_off(kind: ServerKind, sent: bytes) -> None:
    """F9, abuse 70: a thousand peers that send half a request must not hold a thousand connections."""
    async with listening(kind) as listener:
        peer = await listener.connect()
        peer[1].write(sent)
        assert await _cut_off(peer)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("sent", [HALF_HEAD, HALF_BODY])
async def test_dripping_peer_is_cut_off(kind: ServerKind, sent: bytes) -> None:
    """F9: a byte now and then would begin the time anew, and hold the connection for hours (slow loris)."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(QUICK / 10)

    async with listening(kind) as listener:
        peer = await listener.connect()
        peer[1].write(sent)
        dripping = asyncio.create_task(drip(peer[1]))
        assert await _cut_off(peer)
        dripping.cancel()


async def test_a_head_has_less_time_than_a_body(kind: ServerKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """F9: peers that never end their heads would hold connections as long as one that sends a large body slowly."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", QUICK)
    async with listening(kind) as listener:
        slow = await listener.connect()
        slow[1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
        never = await listener.connect()
        never[1].write(HALF_HEAD)
        assert await _cut_off(never)
        assert await _answered(slow, b"2")
        slow[1].close()


@pytest.mark.usefixtures("quick")
async def test_nobody_is_cut_off_for_our_slowness(kind: ServerKind) -> None:
    """A client would lose the certificate it waits for, or the connection it keeps between two requests."""
    async with listening(kind) as listener:
        peer = await listener.connect()
        for _ in range(2):
            listener.may_answer.clear()
            asked = asyncio.create_task(_answered(peer))
            await asyncio.sleep(3 * QUICK)
            assert not asked.done()
            listener.may_answer.set()
            assert await asked
            await asyncio.sleep(3 * QUICK)
        peer[1].close()


async def test_connections_are_bounded(kind: ServerKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle peers would take every descriptor of the process, the database's and validations' too (F9, abuse 70)."""
    monkeypatch.setattr(limits, "CONNECTIONS", 3)
    async with listening(kind) as listener:
        held = [await listener.connect() for _ in range(3)]
        assert [await _answered(one) for one in held] == [True] * 3
        assert await _cut_off(await listener.connect())
        assert [await _answered(one) for one in held] == [True] * 3
        held[0][1].close()
        async with asyncio.timeout(SOON):
            while True:  # until the server has seen that there is room again
                another = await listener.connect()
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    if await _answered(another):
                        break
                another[1].close()
        for _, writer in (*held, another):
            writer.close()


@pytest.fixture
async def context(opened: Opened, tmp_path: Path) -> ssl.SSLContext:
    """The TLS of a listener."""
    issuers = await opened.core.store.read(lambda tx: tx.issuers.all())
    issuer = next(issuer for issuer in issuers if issuer.kind is IssuerKind.ISSUING)
    certificate = ListenerCertificate(opened.core, issuer.id, tmp_path)
    await certificate.order((LOCALHOST,))
    return certificate.context


async def test_a_handshake_has_an_end(
    kind: ServerKind, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Peers that never begin TLS are not counted, and would stay for a minute each (abuse 70)."""
    monkeypatch.setattr(limits, "HANDSHAKE_SECONDS", QUICK)
    monkeypatch.setattr(listener_hypercorn._Config, "ssl_handshake_timeout", QUICK)
    async with listening(kind, context) as listener:
        assert await _cut_off(await listener.connect())


async def test_an_idle_peer_does_not_hold_up_the_end(kind: ServerKind, context: ssl.SSLContext) -> None:
    """Whoever keeps a connection and reads nothing would keep the process as long as running requests may take."""
    async with asyncio.timeout(limits.DRAIN_SECONDS / 2), listening(kind, context) as listener:
        idle = await asyncio.to_thread(_answered_once, listener.port)
    idle.close()


def _answered_once(port: int) -> ssl.SSLSocket:
    """Return a connection on which one request was answered; from then on nobody reads it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=SOON))
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 204 " in connection.recv(65536)
    return connection
