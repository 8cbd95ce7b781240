"""ACME Renewal Information over HTTP: when to renew, and what an order replaces (RFC 9773)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.model.certificates import Certificate, CertificateIdentifier
from ca_core.model.errors import TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.orders import worker
from ca_core.revocation.planned import plan_revocation, withdraw_planned_revocation
from gateway.acme.renewal_info import format_certificate_identifier, parse_certificate_identifier
from tests.acme.acme_client import AcmeClient, Answer, csr, send
from tests.acme.acme_server import AcmeServer
from tests.acme.signing import Json, b64

OPERATOR = Principal(kind=PrincipalKind.OPERATOR, id="test")

# The example of RFC 9773 section 4.1.
KEY_IDENTIFIER = bytes.fromhex("69885b6b87464041e1b37b847ba0ae2cde01c8d4")
EXAMPLE = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


async def issued(server: AcmeServer, client: AcmeClient, *names: str) -> x509.Certificate:
    """Obtain a certificate."""
    order = await server.issued_order(client, *names)
    return x509.load_pem_x509_certificates((await client.post(order.json["certificate"])).body)[0]


def named(certificate: x509.Certificate) -> str:
    """Return a certificate's identifier as a client makes it from the certificate alone."""
    authority = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    serial = certificate.serial_number.to_bytes(certificate.serial_number.bit_length() // 8 + 1)
    return f"{b64(authority.key_identifier or b'')}.{b64(serial)}"


async def ask(server: AcmeServer, client: AcmeClient, identifier: str, method: str = "GET") -> Answer:
    """Ask when to renew, without authentication."""
    return await send(server.app, method, f"{client.directory['renewalInfo']}/{identifier}")


def window(answer: Answer) -> tuple[datetime, datetime]:
    """Return the suggested window."""
    suggested = answer.json["suggestedWindow"]
    return datetime.fromisoformat(suggested["start"]), datetime.fromisoformat(suggested["end"])


async def stored(server: AcmeServer, certificate: x509.Certificate) -> Certificate:
    """Return the certificate as the store has it."""
    found = await server.core.store.read(
        lambda tx: tx.certificates.by_serial(server.installation.issuer.id, certificate.serial_number)
    )
    assert found is not None
    return found


async def order_replacing(client: AcmeClient, identifier: object, *names: str) -> Answer:
    """Place an order that replaces a certificate."""
    payload: Json = {"identifiers": [{"type": "dns", "value": name} for name in names], "replaces": identifier}
    return await client.post(client.directory["newOrder"], payload)


def test_the_example_of_the_rfc() -> None:
    """Clients could not name their certificates (RFC 9773 section 4.1)."""
    identifier = CertificateIdentifier(key_identifier=KEY_IDENTIFIER, serial=0x87654321)
    assert parse_certificate_identifier(EXAMPLE) == identifier
    assert format_certificate_identifier(identifier) == EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "AA", "AA.", ".AA", "AA.AA.AA", "AA.AIdlQyE=", "AA.AIdl QyE", "AA.AIdl+yE", "AA.AIdlQyF", "A.AA",
        "AA.AA",  # serial 0
        "AA.h2VDIQ",  # 87654321 without its leading zero: negative
        "AA.AAE",  # 00 01: not minimal
        "AA." + b64(b"\x01" * 21),
        b64(b"\x01" * 65) + ".AQ",
    ],
)  # fmt: skip
async def test_names_that_are_none(server: AcmeServer, client: AcmeClient, text: str) -> None:
    """One certificate must have one name, and garbage must not reach the store (rule 42)."""
    with pytest.raises(TriviumError, match="malformed"):
        parse_certificate_identifier(text)
    answer = await ask(server, client, text.replace(" ", "%20").replace("+", "%2B"))
    assert answer.status in {400, 404}
    assert answer.problem == "malformed"


async def test_when_to_renew(server: AcmeServer, client: AcmeClient) -> None:
    """A client without an account learns when to renew, and when to ask again (RFC 9773 sections 4.1 to 4.3)."""
    certificate = await issued(server, client, "a.test")
    before = await server.core.store.read(lambda tx: tx.audit.latest())
    answer = await ask(server, client, named(certificate))
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert set(answer.json) == {"suggestedWindow"}
    start, end = window(answer)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert certificate.not_valid_after_utc - life / 3 - timedelta(seconds=1) <= start < end
    assert end < certificate.not_valid_after_utc - life / 6
    assert answer.header("retry-after") == "21600"
    head = await ask(server, client, named(certificate), "HEAD")
    assert (head.status, head.body, head.header("retry-after")) == (200, b"", "21600")
    assert await server.core.store.read(lambda tx: tx.audit.latest()) == before


async def test_a_certificate_of_another_ca(server: AcmeServer, client: AcmeClient) -> None:
    """Nothing must be said of what was not issued here: another issuer's, or a serial that was never used."""
    own = named(await issued(server, client, "a.test"))
    issuer, _, serial = own.partition(".")
    for identifier in (EXAMPLE, f"{issuer}.AIdlQyE", f"{EXAMPLE.partition('.')[0]}.{serial}"):
        answer = await ask(server, client, identifier)
        assert (answer.status, answer.problem) == (404, "malformed")


async def test_a_revoked_certificate_is_to_be_replaced_now(server: AcmeServer, client: AcmeClient) -> None:
    """A subscriber would not learn of a revocation that somebody else made (RFC 9773 section 4.2)."""
    certificate = await issued(server, client, "a.test")
    der = certificate.public_bytes(Encoding.DER)
    assert (await client.post(client.directory["revokeCert"], {"certificate": b64(der)})).status == 200
    start, end = window(await ask(server, client, named(certificate)))
    assert start < end <= server.installation.clock.now()


async def test_a_planned_revocation_is_told_and_carried_out(server: AcmeServer, client: AcmeClient) -> None:
    """Subscribers could not renew before a revocation that the operator knows of (RFC 9773 section 4.2)."""
    certificate = await issued(server, client, "a.test")
    usual = window(await ask(server, client, named(certificate)))
    now = server.installation.clock.now()
    certificate_id = (await stored(server, certificate)).id
    at, page = now + timedelta(days=4), "https://ca.example/why"
    await plan_revocation(server.core, certificate_id, at, 4, OPERATOR, explanation_url=page)
    answer = await ask(server, client, named(certificate))
    start, end = window(answer)
    assert start <= now < end <= now + timedelta(days=2)
    assert answer.json["explanationURL"] == page

    await withdraw_planned_revocation(server.core, certificate_id, OPERATOR)
    answer = await ask(server, client, named(certificate))
    assert window(answer) == usual
    assert "explanationURL" not in answer.json

    await plan_revocation(server.core, certificate_id, at, 4, OPERATOR)
    server.installation.clock.advance(days=4)
    assert await worker.run_due(server.core) >= 1
    assert (await stored(server, certificate)).revocation is not None
    assert window(await ask(server, client, named(certificate)))[1] <= server.installation.clock.now()


async def test_an_order_says_what_it_replaces(server: AcmeServer, client: AcmeClient) -> None:
    """Operators could not tell a renewal from a new certificate; the order echoes it (RFC 9773 section 5)."""
    certificate = await issued(server, client, "a.test", "b.test")
    placed = await order_replacing(client, named(certificate), "a.test", "c.test")
    assert (placed.status, placed.json["replaces"]) == (201, named(certificate))
    for url in placed.json["authorizations"]:
        await server.validate(client, url)
    location = placed.header("location")
    assert (await client.post(location)).json["replaces"] == named(certificate)
    done = await client.post(placed.json["finalize"], {"csr": csr("a.test", "c.test")})
    assert (done.json["status"], done.json["replaces"]) == ("valid", named(certificate))
    order = await server.core.store.read(lambda tx: tx.orders.get(location.rpartition("/")[2]))
    assert order is not None
    assert order.replaces == (await stored(server, certificate)).id


async def test_a_certificate_is_replaced_once(server: AcmeServer, client: AcmeClient) -> None:
    """Two orders would count as the renewal of one certificate: 409 alreadyReplaced (RFC 9773 section 5)."""
    certificate = await issued(server, client, "a.test")
    answers = await asyncio.gather(*(order_replacing(client, named(certificate), "a.test") for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]
    assert {answer.problem for answer in answers if answer.status == 409} == {"alreadyReplaced"}
    [first] = [answer for answer in answers if answer.status == 201]
    refused = next(answer for answer in answers if answer.status == 409)
    assert first.header("location").rpartition("/")[2] in refused.json["detail"]
    await server.validate(client, first.json["authorizations"][0])
    assert (await client.post(first.json["finalize"], {"csr": csr("a.test")})).json["status"] == "valid"
    assert (await order_replacing(client, named(certificate), "a.test")).problem == "alreadyReplaced"


async def test_an_order_that_failed_replaces_nothing(server: AcmeServer, client: AcmeClient) -> None:
    """One failed challenge would cost the client its renewal (RFC 9773 section 5: not "invalid")."""
    certificate = await issued(server, client, "a.test")
    failed = await order_replacing(client, named(certificate), "a.test")
    url = failed.json["authorizations"][0]
    challenge = (await client.post(url)).json["challenges"][0]["url"]
    await client.post(challenge, {})
    await server.decided(client, url)
    assert (await client.post(failed.header("location"))).json["status"] == "invalid"
    given_up = await order_replacing(client, named(certificate), "a.test")
    assert given_up.status == 201
    await client.post(given_up.json["authorizations"][0], {"status": "deactivated"})
    expired = await order_replacing(client, named(certificate), "a.test")
    assert expired.status == 201
    assert (await client.post(given_up.header("location"))).json["status"] == "invalid"
    server.installation.clock.advance(days=8)
    assert (await order_replacing(client, named(certificate), "a.test")).status == 201


async def test_another_accounts_certificate_is_not_replaced(server: AcmeServer, client: AcmeClient) -> None:
    """A stranger could keep the owner from replacing its certificate (abuse 27)."""
    certificate = await issued(server, client, "a.test")
    stranger = await server.account()
    answer = await order_replacing(stranger, named(certificate), "a.test")
    assert (answer.status, answer.problem) == (403, "unauthorized")
    assert (await order_replacing(client, named(certificate), "a.test")).status == 201


@pytest.mark.parametrize("identifier", [EXAMPLE, "x", "", 5, [], {}])
async def test_what_is_no_certificate_is_not_replaced(client: AcmeClient, identifier: object) -> None:
    """A client must hear of a wrong name, not lose what it says (RFC 9773 section 5)."""
    answer = await order_replacing(client, identifier, "a.test")
    assert (answer.status, answer.problem) == (400, "malformed")
    assert (await client.post(f"{client.kid}/orders")).json == {"orders": []}


async def test_a_certificate_for_other_names_is_not_replaced(server: AcmeServer, client: AcmeClient) -> None:
    """An order for anything could pass as a renewal (RFC 9773 section 5)."""
    certificate = await issued(server, client, "a.test")
    answer = await order_replacing(client, named(certificate), "b.test")
    assert (answer.status, answer.problem) == (400, "malformed")


async def test_short_certificates_are_asked_for_more_often(server: AcmeServer, client: AcmeClient) -> None:
    """The window of a certificate of one day would be over before the client asks again."""
    product = await server.core.store.read(lambda tx: tx.products.get("pma-tls"))
    assert product is not None
    profile = replace(product.policy.profile, validity=86400)
    short = replace(product, version="short", policy=replace(product.policy, profile=profile))
    await server.core.store.write(lambda tx: tx.products.put(short))
    certificate = await issued(server, client, "a.test")
    assert int((await ask(server, client, named(certificate))).header("retry-after")) == 86399 // 20
