"""The listeners in this process: the renewed certificate is taken over, and slow peers are cut off."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ca_core.certificates.lint import Linters
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import IssuerKind, OwnCertificateRole
from ca_core.orders.own_certificates import ensure
from gateway import listener_hypercorn, listener_uvicorn
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


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("kind", list(ServerKind))
@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHo", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"]
)
async def test_slow_peer_is_cut_off(kind: ServerKind, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Abuse 70: a thousand peers that send a byte now and then must not hold a thousand connections."""
    monkeypatch.setattr(listener_uvicorn, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(listener_uvicorn, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(listener_hypercorn._Config, "read_timeout", 0.2)
    monkeypatch.setattr(listener_hypercorn._Config, "keep_alive_timeout", 0.2)
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    started, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_with(kind)(_app, listening, None, started=started, stop=stop))
    await started.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(5):
        try:
            rest = await reader.read()
        except ConnectionResetError:
            rest = b""
    assert b"200 OK" not in rest
    writer.close()
    stop.set()
    await serving
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def test_a_head_has_less_time_than_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """F9: peers that never end their heads would hold connections as long as one that sends a large body slowly."""
    monkeypatch.setattr(listener_uvicorn, "HEAD_SECONDS", 0.2)
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    started, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_with(ServerKind.UVICORN)(_app, listening, None, started=started, stop=stop))
    await started.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHo")
    slow_reader, slow_writer = await asyncio.open_connection("127.0.0.1", port)
    slow_writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        slow_writer.write(b"2")
        assert b" 204 " in await slow_reader.readline()
    writer.close()
    slow_writer.close()
    stop.set()
    await serving


async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle peers would take every descriptor of the process, the database's and validations' too (F9, abuse 70)."""
    monkeypatch.setattr(listener_uvicorn, "CONNECTIONS", 3)
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    started, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_with(ServerKind.UVICORN)(_app, listening, None, started=started, stop=stop))
    await started.wait()
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    for _, held in idle:
        assert not held.is_closing()
        held.close()
    stop.set()
    await serving
