"""tls-alpn-01: a TLS handshake under the name shows the digest of the key authorization (RFC 8737, rule 67).

The handshake is all there is: the connection is cut as soon as it is complete, nothing is sent in it or read from it.
"""

import asyncio
import hashlib
import hmac
import os
import socket
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation.destinations import destinations
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import NO_REQUIREMENTS, Requirements, Validated, ValidationSettings

ALPN = "acme-tls/1"
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
"""id-pe-acmeIdentifier (RFC 8737 section 6.1); drafts had another number, which is refused."""

_MAX_CERTIFICATE = 16 * 1024
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, kw_only=True)
class _Handshake:
    """A completed handshake: ``alpn`` is the protocol agreed on, ``certificate`` the server's own, DER."""

    address: IPv4Address | IPv6Address
    alpn: str | None
    certificate: bytes


class TlsAlpn01:
    """The tls-alpn-01 validator."""

    def __init__(self, settings: ValidationSettings, resolver: Resolver) -> None:
        self._settings = settings
        self._resolver = resolver
        self._context = _context()

    async def validate(
        self,
        identifier: Identifier,
        token: str,
        key_authorization: str,
        requirements: Requirements = NO_REQUIREMENTS,
    ) -> Validated:
        """Make the handshake and check its certificate; see :class:`ca_core.validation.validator.Validator`.

        An IP address is asked for by its name in the reverse zone (RFC 8738 section 6). A wildcard is never validated
        this way (rule 66). ``token`` is in the key authorization already.
        """
        del token
        if identifier.wildcard:
            raise TriviumError(
                ErrorKind.IDENTIFIER_UNSUPPORTED, "tls-alpn-01 cannot show control of a wildcard name: use dns-01."
            )
        server_name = _server_name(identifier)
        try:
            async with asyncio.timeout(self._settings.timeout):
                handshake = await self._connect(identifier.value, server_name, requirements)
        except TimeoutError as error:
            raise TriviumError(
                ErrorKind.CONNECTION,
                f"The TLS handshake with {identifier.value} took longer than {self._settings.timeout:g} s: "
                "answer faster.",
            ) from error
        _check(handshake, identifier, key_authorization)
        return Validated(
            address=str(handshake.address),
            resolver=self._resolver.name,
            detail=f"TLS handshake for {server_name}, port {self._settings.tls_alpn_port}",
        )

    async def _connect(self, host: str, server_name: str, requirements: Requirements) -> _Handshake:
        """Shake hands with the first address, or with the second when the first cannot be dialled (rule 57)."""
        for address in await destinations(host, self._resolver, self._settings, requirements):
            try:
                connection = await self._dial(address)
            except (OSError, TimeoutError) as error:
                dial_error = error
                continue
            return await self._shake_hands(connection, address, server_name)
        reason = os.strerror(dial_error.errno) if dial_error.errno else "no answer in time"
        raise TriviumError(
            ErrorKind.CONNECTION,
            f"No connection for {host} to {address} port {self._settings.tls_alpn_port} ({reason}): let the server be "
            "reached there.",
        ) from dial_error

    async def _dial(self, address: IPv4Address | IPv6Address) -> socket.socket:
        """Connect to the address, and to nothing else."""
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - the IP version
        connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            async with asyncio.timeout(self._settings.dial_timeout):
                peer = (str(address), self._settings.tls_alpn_port)
                await asyncio.get_running_loop().sock_connect(connection, peer)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _shake_hands(
        self, connection: socket.socket, address: IPv4Address | IPv6Address, server_name: str
    ) -> _Handshake:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol,
                sock=connection,
                ssl=self._context,
                server_hostname=server_name,
                ssl_handshake_timeout=self._settings.timeout,
            )
        except OSError as error:  # ssl.SSLError is one, and so is the peer's leaving
            reason = error.reason if isinstance(error, ssl.SSLError) else None
            raise TriviumError(
                ErrorKind.TLS,
                f"The server of {server_name} at {address} did not complete a TLS handshake "
                f"({(reason or 'it broke off').replace('_', ' ').lower()}): offer TLS 1.2 or later and {ALPN}.",
            ) from error
        try:
            connected: ssl.SSLObject = transport.get_extra_info("ssl_object")
            return _Handshake(
                address=address,
                alpn=connected.selected_alpn_protocol(),
                certificate=connected.getpeercert(binary_form=True) or b"",
            )
        finally:
            transport.abort()


def _context() -> ssl.SSLContext:
    """Return a context that offers one protocol and verifies nothing: what the certificate must be is checked here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([ALPN])
    return context


def _server_name(identifier: Identifier) -> str:
    """Return what the SNI extension names: the domain name, or an address as ``1.2.0.192.in-addr.arpa``."""
    return ip_address(identifier.value).reverse_pointer if identifier.type is IdentifierType.IP else identifier.value


def _check(handshake: _Handshake, identifier: Identifier, key_authorization: str) -> None:
    """Raise TLS or INCORRECT_RESPONSE unless the certificate is exactly the one of RFC 8737 section 3."""
    where = f"The server of {identifier.value} at {handshake.address}"
    if handshake.alpn != ALPN:
        raise TriviumError(ErrorKind.TLS, f"{where} did not agree to the protocol {ALPN}: let it answer for it.")
    if len(handshake.certificate) > _MAX_CERTIFICATE:
        raise _incorrect(where, f"is longer than {_MAX_CERTIFICATE} bytes")
    try:
        certificate = x509.load_der_x509_certificate(handshake.certificate)
        extensions = certificate.extensions
    except _UNREADABLE as error:
        raise _incorrect(where, "cannot be read") from error
    if not _is_self_signed(certificate):
        raise _incorrect(where, "is not self-signed")
    if not _names_only(extensions, identifier):
        raise _incorrect(where, f"must have {identifier.value} as its one subjectAltName")
    digest = hashlib.sha256(key_authorization.encode("ascii")).digest()
    shown = _acme_identifier(extensions)
    if shown is None:
        raise _incorrect(where, f"has no critical acmeIdentifier extension ({ACME_IDENTIFIER.dotted_string})")
    if not hmac.compare_digest(shown, b"\x04\x20" + digest):  # an OCTET STRING of 32 bytes
        raise _incorrect(where, f"should have the digest {digest.hex()} in its acmeIdentifier extension")


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _names_only(extensions: x509.Extensions, identifier: Identifier) -> bool:
    """Whether the one subjectAltName is the identifier (RFC 8737 section 3, RFC 8738 section 6)."""
    try:
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return False
    match names:
        case [x509.DNSName(value=name)]:
            return identifier.type is IdentifierType.DNS and name.lower() == identifier.value
        case [x509.IPAddress(value=address)]:
            return identifier.type is IdentifierType.IP and str(address) == identifier.value
    return False


def _acme_identifier(extensions: x509.Extensions) -> bytes | None:
    """Return the value of the acmeIdentifier extension, DER, if it is there and critical."""
    for extension in extensions:
        if extension.oid == ACME_IDENTIFIER and extension.critical:
            value: bytes = extension.value.public_bytes()
            return value
    return None


def _incorrect(where: str, what: str) -> TriviumError:
    return TriviumError(ErrorKind.INCORRECT_RESPONSE, f"{where} showed a certificate that {what}.")
