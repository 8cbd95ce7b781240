"""IP identifiers from order to certificate (RFC 8738), by both methods that can show control of an address."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.validation.methods import build_validators
from ca_core.validation.validator import ValidationSettings
from tests.acme.acme_client import AcmeClient, Answer
from tests.acme.acme_server import AcmeServer, private_product
from tests.acme.signing import Json, b64
from tests.validation.servers import certificate, response, server_context, tls_server, web_server

ADDRESSES = ("127.0.0.1", "::1")


def identifiers(*addresses: str) -> Json:
    """Return the payload of an order for addresses."""
    return {"identifiers": [{"type": "ip", "value": address} for address in addresses]}


def csr(*addresses: str, common_name: str = "") -> str:
    """Return a CSR for addresses as finalize takes it."""
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)) for address in addresses])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).add_extension(names, False)  # noqa: FBT003
    return b64(builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER))


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    """Close, at the end of the test, what it started."""
    async with AsyncExitStack() as stack:
        yield stack


async def answer_challenge(
    server: AcmeServer, client: AcmeClient, url: str, method: str, directory: Path, closing: AsyncExitStack
) -> None:
    """Serve what ``method`` asks for at the authorization's address, and have it validated there."""
    authorization = (await client.post(url)).json
    address = authorization["identifier"]["value"]
    assert {one["type"] for one in authorization["challenges"]} == {"http-01", "tls-alpn-01"}
    [challenge] = [one for one in authorization["challenges"] if one["type"] == method]
    key_authorization = f"{challenge['token']}.{await server._thumbprint(client)}".encode()
    ports: dict[str, Any]
    if method == "http-01":
        page = web_server(response(key_authorization), host=address)
        ports = {"http_port": (await closing.enter_async_context(page)).port}
    else:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        digest = b"\x04\x20" + hashlib.sha256(key_authorization).digest()
        shown = certificate(names, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"), digest))
        tls = server_context(directory, *shown)
        tls.set_alpn_protocols(["acme-tls/1"])
        ports = {"tls_alpn_port": (await closing.enter_async_context(tls_server(tls, host=address))).port}
    settings = ValidationSettings(resolver="127.0.0.1:1", allow_private_addresses=True, **ports)
    validators = build_validators(settings, server.core.sources)
    closing.push_async_callback(validators.close)
    core = replace(server.core, validators=validators.by_method)
    there = replace(server, installation=replace(server.installation, core=core)).with_directory()
    client.app = there.app
    assert (await client.post(challenge["url"], {})).status == 200
    decided = await there.decided(client, url)
    assert decided.json["status"] == "valid", decided.json


@pytest.mark.parametrize(("method", "common_name"), [("http-01", ""), ("tls-alpn-01", ""), ("http-01", ADDRESSES[0])])
async def test_a_certificate_for_addresses(
    server: AcmeServer, client: AcmeClient, method: str, common_name: str, tmp_path: Path, closing: AsyncExitStack
) -> None:
    """RFC 8738: IPv4 and IPv6 addresses could not be certified, or would stand in a dNSName or the common name.

    Rule 49: a client that parses the common name as a domain name would break on the certificate.
    """
    order = await client.post(client.directory["newOrder"], identifiers(*ADDRESSES))
    assert (order.status, order.json["identifiers"]) == (201, identifiers(*ADDRESSES)["identifiers"])
    for url in order.json["authorizations"]:
        await answer_challenge(server, client, url, method, tmp_path, closing)
    done = await client.post(order.json["finalize"], {"csr": csr(*ADDRESSES, common_name=common_name)})
    assert done.json["status"] == "valid", done.json
    issued = x509.load_pem_x509_certificate((await client.post(done.json["certificate"])).body)
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.IPAddress(ip_address(address)) for address in ADDRESSES]
    assert not issued.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)


async def refused(server: AcmeServer, client: AcmeClient, kind: str, value: str, **names: bool) -> Answer:
    """Order one identifier of a product whose name policy is changed by ``names``; return the refusal."""
    product = private_product()
    policy = replace(product.policy, names=replace(product.policy.names, **names))
    changed = replace(product, version="3", policy=policy)
    await server.core.store.write(lambda tx: tx.products.put(changed))
    payload = {"identifiers": [{"type": kind, "value": value}]}
    answer = await client.post(client.directory["newOrder"], payload)
    assert (answer.problem, answer.status) == ("rejectedIdentifier", 400)
    return answer


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "fd00::1", "::1"])
async def test_a_product_without_private_addresses_says_so(
    server: AcmeServer, client: AcmeClient, address: str
) -> None:
    """Rule 64: a certificate would name an address that belongs to a different host in every network."""
    answer = await refused(server, client, "ip", address, private_addresses=False)
    assert "is a private address, and this product takes none" in answer.json["detail"]
    assert answer.json["subproblems"][0]["identifier"] == {"type": "ip", "value": address}


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("ip", "192.0.2.1", "documentation"),
        ("ip", "224.0.0.1", "multicast"),
        ("ip", "::ffff:127.0.0.1", "write it as the IPv4 address 127.0.0.1"),
        ("ip", "::0001", "canonical form, ::1"),
        ("ip", "0x7f.1", "not an IP address"),
        ("ip", "127.0.0.01", "not an IP address"),
        ("ip", "127.0.0.0/8", "not an IP address"),
        ("ip", "www.a.test", "not an IP address"),
        ("ip", "fe80::1%eth0", "no zone"),
        ("dns", "127.0.0.1", "order it as an identifier of type ip"),
        ("dns", "::1", "order it as an identifier of type ip"),
        ("dns", "1.0.0.127.in-addr.arpa", "reverse zones"),
    ],
)
async def test_what_is_no_address_is_told_why(
    server: AcmeServer, client: AcmeClient, kind: str, value: str, why: str
) -> None:
    """RFC 8738 section 3: a requester would not learn how the address is to be written."""
    assert why in (await refused(server, client, kind, value)).json["detail"]


async def test_a_wildcard_offers_dns_alone(client: AcmeClient) -> None:
    """Rule 66: a web server or a TLS server would show control of all names below it."""
    order = (await client.order("*.a.test")).json
    authorization = (await client.post(order["authorizations"][0])).json
    assert [challenge["type"] for challenge in authorization["challenges"]] == ["dns-01"]
