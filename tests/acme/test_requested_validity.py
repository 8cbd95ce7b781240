"""notBefore and notAfter of an order, where the product gives them (RFC 8555 section 7.4, rules 14-16)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from gateway.acme.codec import format_time
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.acme_server import AcmeServer, private_product
from tests.acme.signing import Json

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
async def requestable(server: AcmeServer) -> None:
    """Let the product give the period that is asked for."""
    product = private_product()
    changed = replace(product, version="requested", policy=replace(product.policy, requested_validity=True))
    await server.core.store.write(lambda tx: tx.products.put(changed))


async def order(client: AcmeClient, **times: datetime) -> Answer:
    """Place an order for a period."""
    payload: Json = {"identifiers": [{"type": "dns", "value": "a.test"}]}
    return await client.post(
        client.directory["newOrder"], payload | {name: format_time(time) for name, time in times.items()}
    )


async def finalized(server: AcmeServer, client: AcmeClient, placed: Answer) -> x509.Certificate:
    """Take an order through to its certificate."""
    await server.validate(client, placed.json["authorizations"][0])
    done = await client.post(placed.json["finalize"], {"csr": csr("a.test")})
    assert done.json["status"] == "valid", done.json
    return x509.load_pem_x509_certificates((await client.post(done.json["certificate"])).body)[0]


async def test_the_certificate_has_the_period_that_was_asked_for(server: AcmeServer, client: AcmeClient) -> None:
    """A user who needs a certificate for one week, from tomorrow on, would get ninety days from now on."""
    begin = (server.installation.clock.now() + DAY).replace(microsecond=0)
    placed = await order(client, notBefore=begin, notAfter=begin + 7 * DAY)
    assert placed.status == 201
    assert (placed.json["notBefore"], placed.json["notAfter"]) == (format_time(begin), format_time(begin + 7 * DAY))
    assert (await client.post(placed.header("location"))).json["notAfter"] == format_time(begin + 7 * DAY)
    certificate = await finalized(server, client, placed)
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (begin, begin + 7 * DAY)


async def test_a_late_finalize_keeps_the_period(server: AcmeServer, client: AcmeClient) -> None:
    """An order finalized a day later would fail, or get another notBefore than it shows."""
    begin = server.installation.clock.now().replace(microsecond=0)
    placed = await order(client, notBefore=begin)
    server.installation.clock.advance(hours=47)
    assert (await finalized(server, client, placed)).not_valid_before_utc == begin


async def test_an_order_expires_before_its_period_cannot_be_given(server: AcmeServer, client: AcmeClient) -> None:
    """The user would finalize an order in vain: notBefore lies within 48 hours of the signature (rule 14)."""
    begin = server.installation.clock.now().replace(microsecond=0)
    assert (await order(client, notBefore=begin)).json["expires"] == format_time(begin + 2 * DAY)
    placed = await order(client, notAfter=begin + HOUR)
    assert placed.json["expires"] == format_time(begin + HOUR)
    server.installation.clock.advance(hours=2)
    assert (await client.post(placed.header("location"))).json["status"] == "invalid"


@pytest.mark.parametrize(
    ("begin", "end", "sentence"),
    [
        (-2 * HOUR, None, "notBefore must not lie before"),
        (49 * HOUR, None, "notBefore must lie within 48 hours"),
        (None, 91 * DAY, "notAfter must lie behind notBefore and not after"),
        (None, -2 * HOUR, "notAfter must lie behind notBefore"),
        (10 * HOUR, 9 * HOUR, "notAfter must lie behind notBefore"),
        (DAY, DAY, "notAfter must lie behind notBefore"),
        (DAY, 92 * DAY, "notAfter must lie behind notBefore and not after"),
    ],
)
async def test_periods_that_the_product_does_not_give(
    server: AcmeServer, client: AcmeClient, begin: timedelta | None, end: timedelta | None, sentence: str
) -> None:
    """A requester would get a certificate that is back-dated or too long (rules 14 and 15)."""
    now = server.installation.clock.now()
    times = {name: now + time for name, time in (("notBefore", begin), ("notAfter", end)) if time is not None}
    answer = await order(client, **times)
    assert (answer.status, answer.problem) == (400, "malformed")
    assert sentence in answer.json["detail"]
    assert (await client.post(f"{client.kid}/orders")).json == {"orders": []}


async def test_nothing_outlives_the_issuer(server: AcmeServer, client: AcmeClient) -> None:
    """A certificate would be valid when its issuer no longer is (rule 16); a shorter one can be had by asking."""
    issuer_end = x509.load_der_x509_certificate(server.installation.issuer.certificate).not_valid_after_utc
    server.installation.clock.time = issuer_end - 30 * DAY
    late = await order(client, notAfter=issuer_end + timedelta(seconds=1))
    assert late.problem == "malformed"
    assert "when the issuing CA itself ends" in late.json["detail"]
    certificate = await finalized(server, client, await order(client, notAfter=issuer_end))
    assert certificate.not_valid_after_utc == issuer_end


async def test_a_product_that_sets_the_validity_itself(server: AcmeServer, client: AcmeClient) -> None:
    """A wish would be granted against the product (off by default), or ignored without a word."""
    await server.core.store.write(lambda tx: tx.products.put(private_product()))
    answer = await order(client, notAfter=server.installation.clock.now() + DAY)
    assert (answer.status, answer.problem) == (400, "malformed")
    assert "leave out notBefore and notAfter" in answer.json["detail"]
