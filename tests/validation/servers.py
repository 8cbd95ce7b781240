"""Servers that misbehave on purpose, on loopback."""

import asyncio
import secrets
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Talk = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[bytes], list[bytes]]


@dataclass(kw_only=True)
class WebServer:
    """A running server and the request heads it has read."""

    port: int
    requests: list[str] = field(default_factory=list)


def response(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """Return a whole HTTP response."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def redirect(location: str, status: int = 302) -> bytes:
    """Return a redirect."""
    return response(b"", status=f"{status} Moved", headers=f"Location: {location}\r\n")


@asynccontextmanager
async def web_server(
    talk: Talk | bytes, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[WebServer]:
    """Serve ``talk``: fixed bytes, or a conversation that gets the request's path."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            web.requests.append(head)
            if isinstance(talk, bytes):
                writer.write(talk)
            else:
                await talk(head.split(" ")[1], writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    web = WebServer(port=server.sockets[0].getsockname()[1])
    try:
        yield web
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


@contextmanager
def black_hole(host: str, port: int = 0) -> Iterator[int]:
    """Take a port whose connections are never made: the listen queue is full."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener, socket.socket(family) as first, socket.socket(family) as second:
        listener.bind((host, port))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)  # noqa: FBT003 - the standard library's signature
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname()[:2])
        yield listener.getsockname()[1]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, peers: set[int]) -> None:
        self.answer = answer
        self.peers = peers
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.peers.add(addr[1])
        for packet in self.answer(data):
            self.transport.sendto(packet, addr)


@asynccontextmanager
async def name_server(udp: Answer, tcp: Answer | None = None, *, peers: set[int] | None = None) -> AsyncIterator[str]:
    """Serve DNS by two functions from a query to the packets sent for it; yield the server's host:port.

    ``peers`` collects the ports that queries come from.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert tcp is not None
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            query = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
            for packet in tcp(query):
                writer.write(len(packet).to_bytes(2) + packet)
            await writer.drain()
        writer.close()

    stream = await asyncio.start_server(serve, "127.0.0.1", 0) if tcp else None
    port = stream.sockets[0].getsockname()[1] if stream else 0
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(udp, set() if peers is None else peers), ("127.0.0.1", port)
    )
    try:
        host, port = transport.get_extra_info("sockname")
        yield f"{host}:{port}"
    finally:
        transport.close()
        if stream:
            stream.close()


@dataclass(kw_only=True)
class TlsServer:
    """A running TLS server: the names it was asked for, and what came after the handshake."""

    port: int
    server_names: list[str | None] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def tls_server(tls: ssl.SSLContext, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[TlsServer]:
    """Serve TLS handshakes, greet whoever completes one, and keep what is sent then."""
    finished = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            writer.write(b"220 anything that could be read")
            server.received += await reader.read()
        writer.close()
        finished.set()

    def note(_connection: object, name: str | None, _context: object) -> None:
        server.server_names.append(name)

    tls.sni_callback = note
    listener = await asyncio.start_server(serve, host, port, ssl=tls)
    server = TlsServer(port=listener.sockets[0].getsockname()[1])
    try:
        yield server
        if server.server_names and not finished.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(finished.wait(), 0.2)
    finally:
        listener.close()


def self_signed(directory: Path) -> ssl.SSLContext:
    """Return a TLS server context with a certificate that nobody trusts."""
    return server_context(directory, *certificate(x509.SubjectAlternativeName([x509.DNSName("another.test")])))


def certificate(
    *extensions: x509.ExtensionType,
    not_critical: x509.ObjectIdentifier | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
    issuer: str = "",
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Make a key and an expired certificate with these extensions; self-signed unless told otherwise."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    issuer_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)] if issuer else [])
    builder = x509.CertificateBuilder(
        issuer_name, x509.Name([]), key.public_key(), 1, now - timedelta(days=9), now - timedelta(days=1)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=extension.oid != not_critical)
    return key, builder.sign(signer or key, hashes.SHA256())


def server_context(directory: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> ssl.SSLContext:
    """Return a TLS server context with this certificate."""
    pem = directory / f"{secrets.token_hex(8)}.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def old_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a server speak nothing newer than TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
