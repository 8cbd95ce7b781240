"""tls-alpn-01 (RFC 8737, RFC 8738, rule 67) against servers that show everything but the right certificate."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext, TLSVersion
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation import tls_alpn_01 as module
from ca_core.validation.validator import Validator
from conformance.loopback_dns import LoopbackDns
from tests.validation.servers import (
    black_hole,
    certificate,
    old_tls,
    response,
    server_context,
    tls_server,
    web_server,
)

Make = Callable[..., Validator]
Extensions = tuple[x509.ExtensionType, ...]

KEY_AUTHORIZATION = "t" * 43 + "." + "k" * 43
DIGEST = hashlib.sha256(KEY_AUTHORIZATION.encode()).digest()
NAME = "www.example.test"
ALPN = "acme-tls/1"
OID = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
OLD_OID = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.30.1")
ANOTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def dns_name(value: str = NAME) -> Identifier:
    """Return a DNS identifier."""
    return Identifier(type=IdentifierType.DNS, value=value)


def ip(value: str) -> Identifier:
    """Return an IP identifier."""
    return Identifier(type=IdentifierType.IP, value=value)


def san(*names: str) -> x509.SubjectAlternativeName:
    """Return a subjectAltName of domain names."""
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def acme_identifier(value: bytes = b"\x04\x20" + DIGEST, oid: x509.ObjectIdentifier = OID) -> x509.ExtensionType:
    """Return the acmeIdentifier extension."""
    return x509.UnrecognizedExtension(oid, value)


def context(directory: Path, *extensions: x509.ExtensionType, alpn: str = ALPN, **how: Any) -> SSLContext:
    """Return a TLS server context as a client of ACME would make it, with these extensions."""
    made = server_context(directory, *certificate(*(extensions or RIGHT), **how))
    if alpn:
        made.set_alpn_protocols([alpn])
    return made


RIGHT: Extensions = (san(NAME), acme_identifier())


async def refusal(validator: Validator, identifier: Identifier | None = None) -> TriviumError:
    """Return the error that the validation ends with, within its time."""
    started = time.monotonic()
    with pytest.raises(TriviumError) as caught:
        await validator.validate(identifier or dns_name(), "t", KEY_AUTHORIZATION)
    assert time.monotonic() - started < 10
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) < 500
    return caught.value


async def test_the_certificate_validates(tls_alpn_01: Make, dns: LoopbackDns, tmp_path: Path) -> None:
    """tls-alpn-01 would never succeed, ask for another name, or say more than the handshake does (RFC 8737 s. 3)."""
    async with tls_server(context(tmp_path)) as server:
        validated = await tls_alpn_01(server.port).validate(dns_name(), "t", KEY_AUTHORIZATION)
    assert (validated.address, validated.resolver) == ("127.0.0.1", dns.dns)
    assert validated.detail == f"TLS handshake for {NAME}, port {server.port}"
    assert server.server_names == [NAME]
    assert server.received == b""


@pytest.mark.parametrize("version", [TLSVersion.TLSv1_2, TLSVersion.TLSv1_3])
async def test_both_versions_of_tls_validate(tls_alpn_01: Make, tmp_path: Path, version: TLSVersion) -> None:
    """A server with one of the two versions alone could not be validated."""
    tls = context(tmp_path)
    tls.minimum_version = tls.maximum_version = version
    async with tls_server(tls) as server:
        assert await tls_alpn_01(server.port).validate(dns_name(), "t", KEY_AUTHORIZATION)


async def test_the_name_is_compared_without_case(tls_alpn_01: Make, tmp_path: Path) -> None:
    """RFC 4343: a client that writes its name in capitals could not be validated."""
    async with tls_server(context(tmp_path, san(NAME.upper()), acme_identifier())) as server:
        assert await tls_alpn_01(server.port).validate(dns_name(), "t", KEY_AUTHORIZATION)


@pytest.mark.parametrize(
    ("address", "server_name"),
    [("127.0.0.1", "1.0.0.127.in-addr.arpa"), ("::1", "1." + "0." * 31 + "ip6.arpa")],
)
async def test_an_ip_address_is_asked_for_by_its_reverse_name(
    tls_alpn_01: Make, dns: LoopbackDns, tmp_path: Path, address: str, server_name: str
) -> None:
    """RFC 8738 section 6: SNI carries no address, and the certificate an iPAddress alone."""
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    async with tls_server(context(tmp_path, names, acme_identifier()), host=address) as server:
        validated = await tls_alpn_01(server.port).validate(ip(address), "t", KEY_AUTHORIZATION)
    assert validated.address == address
    assert server.server_names == [server_name]
    assert not dns.queries


WRONG_CERTIFICATES: dict[str, tuple[Extensions, dict[str, Any], str]] = {
    "old OID": ((san(NAME), acme_identifier(oid=OLD_OID)), {}, "no critical acmeIdentifier"),
    "no acmeIdentifier": ((san(NAME),), {}, "no critical acmeIdentifier"),
    "not critical": (RIGHT, {"not_critical": OID}, "no critical acmeIdentifier"),
    "other digest": ((san(NAME), acme_identifier(b"\x04\x20" + bytes(32))), {}, "should have the digest"),
    "digest without a tag": ((san(NAME), acme_identifier(DIGEST)), {}, "should have the digest"),
    "digest and more": ((san(NAME), acme_identifier(b"\x04\x20" + DIGEST + b"\0")), {}, "should have the digest"),
    "long form of length": ((san(NAME), acme_identifier(b"\x04\x81\x20" + DIGEST)), {}, "should have the digest"),
    "empty acmeIdentifier": ((san(NAME), acme_identifier(b"")), {}, "should have the digest"),
    "no SAN": ((acme_identifier(),), {}, "one subjectAltName"),
    "two SANs": ((san(NAME, "other.test"), acme_identifier()), {}, "one subjectAltName"),
    "the name twice": ((san(NAME, NAME), acme_identifier()), {}, "one subjectAltName"),
    "other name": ((san("other.test"), acme_identifier()), {}, "one subjectAltName"),
    "parent name": ((san("example.test"), acme_identifier()), {}, "one subjectAltName"),
    "wildcard": ((san("*.example.test"), acme_identifier()), {}, "one subjectAltName"),
    "final dot": ((san(NAME + "."), acme_identifier()), {}, "one subjectAltName"),
    "name as mail address": (
        (x509.SubjectAlternativeName([x509.RFC822Name(NAME)]), acme_identifier()), {}, "one subjectAltName",
    ),
    "name and address": (
        (x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))]), acme_identifier()),
        {},
        "one subjectAltName",
    ),
    "signed by another key": (RIGHT, {"signer": ANOTHER_KEY}, "not self-signed"),
    "another issuer's name": (RIGHT, {"issuer": "Another"}, "not self-signed"),
    "long": (
        (*RIGHT, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), bytes(20_000))), {}, "longer than",
    ),
    "X.400 address": (
        (x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x04\xa3\x02\x30\x00"), acme_identifier()),
        {},
        "cannot be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_CERTIFICATES)
async def test_a_wrong_certificate_is_an_incorrect_response(tls_alpn_01: Make, tmp_path: Path, case: str) -> None:
    """Control would be taken as shown by a certificate that any shared host may have (RFC 8737 section 3, rule 67)."""
    extensions, how, why = WRONG_CERTIFICATES[case]
    async with tls_server(context(tmp_path, *extensions, **how)) as server:
        error = await refusal(tls_alpn_01(server.port))
    assert error.kind is ErrorKind.INCORRECT_RESPONSE
    assert why in error.detail


@pytest.mark.parametrize("name", ["1.0.0.127.in-addr.arpa", "127.0.0.1"])
async def test_an_address_written_as_a_name_is_no_address(tls_alpn_01: Make, tmp_path: Path, name: str) -> None:
    """RFC 8738 section 6: whoever holds a name in the reverse zone would pass for the address."""
    async with tls_server(context(tmp_path, san(name), acme_identifier())) as server:
        error = await refusal(tls_alpn_01(server.port), ip("127.0.0.1"))
    assert "one subjectAltName" in error.detail


@pytest.mark.parametrize("alpn", ["", "h2", "http/1.1", "acme-tls/2"])
async def test_the_protocol_must_be_agreed_on(tls_alpn_01: Make, tmp_path: Path, alpn: str) -> None:
    """A web server that knows nothing of ACME would do: the protocol shows the owner's will (rule 67)."""
    async with tls_server(context(tmp_path, alpn=alpn)) as server:
        error = await refusal(tls_alpn_01(server.port))
    assert error.kind is ErrorKind.TLS
    assert ALPN in error.detail


async def test_tls_below_1_2_is_refused(tls_alpn_01: Make, tmp_path: Path) -> None:
    """RFC 8737 section 3: a validation would rest on TLS 1.1."""
    async with tls_server(old_tls(context(tmp_path))) as server:
        error = await refusal(tls_alpn_01(server.port))
    assert error.kind is ErrorKind.TLS
    assert "TLS 1.2" in error.detail
    assert module._context().minimum_version is TLSVersion.TLSv1_2  # whatever OpenSSL's own configuration says


async def test_a_huge_certificate_is_refused_in_the_handshake(tls_alpn_01: Make, tmp_path: Path) -> None:
    """A server could have us take in and parse megabytes."""
    huge = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), bytes(1_000_000))
    async with tls_server(context(tmp_path, *RIGHT, huge)) as server:
        error = await refusal(tls_alpn_01(server.port))
    assert error.kind is ErrorKind.TLS


@pytest.mark.parametrize(
    "talk", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x03\xff\xff", b"\x15\x03\x03\0\2\2\x28"]
)
async def test_a_server_that_breaks_off_is_a_problem(tls_alpn_01: Make, talk: bytes) -> None:
    """A server without TLS, or one that closes in mid handshake, would crash the validation."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(talk)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        error = await refusal(tls_alpn_01(server.sockets[0].getsockname()[1]))
    assert error.kind is ErrorKind.TLS


async def test_a_handshake_that_stalls_is_left(tls_alpn_01: Make) -> None:
    """A server that says nothing would hold a validation for ever."""
    async with web_server(response(b"")) as web:  # waits for the end of a request head that never comes
        error = await refusal(tls_alpn_01(web.port, timeout=0.4))
    assert error.kind is ErrorKind.CONNECTION
    assert "took longer than 0.4 s" in error.detail


async def test_a_connection_that_is_never_made_is_left(tls_alpn_01: Make) -> None:
    """A firewall that drops packets would hold a validation for minutes (rule 57)."""
    with black_hole("127.0.0.1") as port:
        error = await refusal(tls_alpn_01(port, dial_timeout=0.2))
    assert error.kind is ErrorKind.CONNECTION
    assert "no answer in time" in error.detail


async def test_a_refused_connection_says_where(tls_alpn_01: Make) -> None:
    """A user whose server is down would not be told which address and port we tried."""
    async with web_server(b"") as web:
        port = web.port
    error = await refusal(tls_alpn_01(port))
    assert error.kind is ErrorKind.CONNECTION
    assert f"127.0.0.1 port {port} (Connection refused)" in error.detail


async def test_ipv4_is_tried_once_when_ipv6_cannot_be_dialled(
    tls_alpn_01: Make, dns: LoopbackDns, tmp_path: Path
) -> None:
    """A host with a dead IPv6 address could not be validated (rule 57)."""
    dns.set_aaaa(NAME, ["::1"])
    async with tls_server(context(tmp_path)) as server:
        validated = await tls_alpn_01(server.port).validate(dns_name(), "t", KEY_AUTHORIZATION)
    assert validated.address == "127.0.0.1"


async def test_a_reserved_address_is_never_dialled(tls_alpn_01: Make, dns: LoopbackDns, tmp_path: Path) -> None:
    """A name of an attacker's, or an address, would lead a validation into our own network (rules 55, 64)."""
    async with tls_server(context(tmp_path)) as server:
        validator = tls_alpn_01(server.port, allow_private_addresses=False)
        for identifier in (dns_name(), ip("127.0.0.1"), ip("::1")):
            error = await refusal(validator, identifier)
            assert error.kind is ErrorKind.CONNECTION
            assert "loopback" in error.detail
    assert not server.server_names


async def test_a_failed_look_up_is_a_dns_problem(tls_alpn_01: Make, dns: LoopbackDns) -> None:
    """SERVFAIL would not be told from an unreachable server (rule 59)."""
    dns.set_servfail(NAME)
    assert (await refusal(tls_alpn_01())).kind is ErrorKind.DNS


async def test_a_wildcard_is_never_validated(tls_alpn_01: Make, dns: LoopbackDns) -> None:
    """Rule 66: a TLS server would show control of all names below it."""
    error = await refusal(tls_alpn_01(), dns_name(f"*.{NAME}"))
    assert error.kind is ErrorKind.IDENTIFIER_UNSUPPORTED
    assert not dns.queries


async def test_many_validations_at_once_do_not_mix(tls_alpn_01: Make, tmp_path: Path) -> None:
    """Validations that share a TLS context could see each other's sessions and certificates."""
    async with tls_server(context(tmp_path)) as server:
        validator = tls_alpn_01(server.port, timeout=30.0, dial_timeout=10.0, dns_timeout=5.0)
        names = [NAME, "other.test"] * 10
        outcomes = await asyncio.gather(
            *(validator.validate(dns_name(name), "t", KEY_AUTHORIZATION) for name in names), return_exceptions=True
        )
    assert [isinstance(outcome, TriviumError) for outcome in outcomes] == [name != NAME for name in names]
