"""A TLS server for tls-alpn-01 that shows what it is told to, and remembers how it was asked (RFC 8737)."""

import hashlib
import socket
import ssl
import struct
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.acme.probe.jose import new_key

PROTOCOL = "acme-tls/1"
IDENTIFIER_OID = "1.3.6.1.5.5.7.1.31"
_SECONDS = 10
_SERVER_NAME, _ALPN = 0, 16


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What the server shows: the names of its certificate, its acmeIdentifier extension, the protocol it agrees on.

    ``value`` is the DER of the extension, None for none; no ``protocol`` means that it knows no ALPN. ``old_tls``
    makes it offer TLS 1.1 at most.
    """

    names: tuple[x509.GeneralName, ...]
    value: bytes | None
    oid: str = IDENTIFIER_OID
    critical: bool = True
    protocol: str = PROTOCOL
    old_tls: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a connection said: in its ClientHello, and after the handshake."""

    server_names: tuple[str, ...]
    protocols: tuple[str, ...]
    data: bytes


@dataclass
class TlsServer:
    """The server; ``showing`` is changed between validations."""

    showing: Showing
    asked: list[Asked] = field(default_factory=list)

    def context(self) -> ssl.SSLContext:
        """Make the certificate that is to be shown now, self-signed, and the TLS around it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.showing.protocol:
            context.set_alpn_protocols([self.showing.protocol])
        if self.showing.old_tls:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is deprecated is the point
                context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(_certificate(self.showing))
            context.load_cert_chain(file.name)
        return context

    def serve(self, connection: socket.socket) -> None:
        """Serve one connection: a handshake, and whatever the peer says after it."""
        connection.settimeout(_SECONDS)
        names, protocols = _client_hello(connection)
        data = b""
        try:
            with self.context().wrap_socket(connection, server_side=True) as tls:
                data = tls.recv(1)
        except OSError:
            pass  # whoever connected did not like what it saw
        self.asked.append(Asked(server_names=names, protocols=protocols, data=data))


def encoded(digest: bytes) -> bytes:
    """Return a digest as acmeIdentifier has it: a DER OCTET STRING."""
    return bytes([4, len(digest)]) + digest


@contextmanager
def serving_tls(address: str, port: int) -> Iterator[TlsServer]:
    """Serve on this address while the block runs."""
    server = TlsServer(Showing(names=(), value=None))
    listener = socket.create_server((address, port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    server.serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _certificate(showing: Showing) -> bytes:
    key, now = new_key(), datetime.now(UTC)
    name = x509.Name([])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(repr(showing).encode()).digest()[:8]) | 1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    if showing.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(showing.names), critical=True)
    if showing.value is not None:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(showing.oid), showing.value)
        builder = builder.add_extension(extension, critical=showing.critical)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _client_hello(connection: socket.socket) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the server names and protocols of the ClientHello, which stays to be read."""
    deadline = time.monotonic() + _SECONDS
    while True:
        record = connection.recv(1 << 16, socket.MSG_PEEK)
        if len(record) >= 5 and len(record) >= 5 + int.from_bytes(record[3:5]):
            break
        if not record or time.monotonic() > deadline:
            return (), ()
        time.sleep(0.01)
    names: list[str] = []
    protocols: list[str] = []
    for kind, content in _extensions(record[9:]):
        if kind == _SERVER_NAME:
            names += [name[2:].decode("ascii", "replace") for name in _server_names(content)]
        elif kind == _ALPN:
            protocols += [protocol.decode("ascii", "replace") for protocol in _short_vectors(content[2:])]
    return tuple(names), tuple(protocols)


def _extensions(hello: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the extensions of a ClientHello (RFC 8446 section 4.1.2)."""
    at = 2 + 32
    at += 1 + hello[at]  # session id
    at += 2 + int.from_bytes(hello[at : at + 2])  # cipher suites
    at += 1 + hello[at]  # compression methods
    end = at + 2 + int.from_bytes(hello[at : at + 2])
    at += 2
    while at < end:
        kind, length = struct.unpack_from("!HH", hello, at)
        yield kind, hello[at + 4 : at + 4 + length]
        at += 4 + length


def _server_names(content: bytes) -> Iterator[bytes]:
    """Yield the entries of a server_name extension (RFC 6066 section 3), each with its length in front."""
    at = 2
    while at < len(content):
        length = int.from_bytes(content[at + 1 : at + 3])
        yield content[at + 1 : at + 3 + length]
        at += 3 + length


def _short_vectors(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        yield content[at + 1 : at + 1 + content[at]]
        at += 1 + content[at]
