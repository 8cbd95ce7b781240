"""Certificates that have to be confirmed: in time, by whoever ordered, or they are revoked (RFC 10002 section 6.14)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from ca_core.certificates.policies import check_policy
from ca_core.model.certificates import CertificateStatus
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderState
from ca_core.orders.worker import run_due
from ca_core.revocation.planned import plan_revocation
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from tests.cmc.messages import Control
from tests.cmc.office import Office, Read, Sender, control, integer, new_key, nonce, octets, request
from tests.cmc.test_controls import status_of
from tests.cmc.test_renewal import signer
from tests.orders.workshop import CONSOLE


@pytest.fixture
async def confirming(office: Office) -> Office:
    """An office whose product gives two minutes to confirm."""
    await office.change_product(confirmation_time=120)
    return office


def confirmation(certificate: x509.Certificate) -> Control:
    """Return confirmCertAcceptance."""
    issuer = asn1_x509.Name.load(certificate.issuer.public_bytes())
    value = asn1_controls.CMCCertId({"issuer": issuer, "serial_number": certificate.serial_number})
    return control(24, value.dump())


async def ordered(office: Office, *controls: Control, sender: Sender | None = None) -> tuple[Read, x509.Certificate]:
    """Order a certificate that has to be confirmed."""
    key = new_key()
    read = await office.ask(request("mail.example.com", key=key), controls=controls, sender=sender)
    return read, read.certificate_of(key)


async def later(office: Office) -> None:
    """Let the time for a confirmation run out, and the worker do what is due."""
    office.workshop.clock.advance(minutes=3)
    await run_due(office.workshop.core)


async def test_a_certificate_that_is_confirmed_stays(confirming: Office) -> None:
    """A client could not tell that it has to confirm, or would lose what it has confirmed."""
    read, certificate = await ordered(confirming)
    assert (read.only.status, read.only.body_list) == (CmcStatus.CONFIRM_REQUIRED, (1,))
    assert "confirmCertAcceptance" in read.only.text
    again = confirmation(certificate)
    for _ in range(2):
        read = await confirming.ask(controls=(again, nonce()))
        assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (again.body_part_id,))
    await later(confirming)
    assert await status_of(confirming, certificate) is CertificateStatus.ISSUED


async def test_a_certificate_that_nobody_confirms_is_revoked(confirming: Office) -> None:
    """What a client has never received would stay good; a confirmation that comes too late would be acknowledged."""
    _, certificate = await ordered(confirming)
    await run_due(confirming.workshop.core)
    assert await status_of(confirming, certificate) is CertificateStatus.ISSUED
    await later(confirming)
    assert await status_of(confirming, certificate) is CertificateStatus.REVOKED
    [order] = await confirming.orders()
    assert order.state is OrderState.REVOKED
    late = await confirming.ask(controls=(confirmation(certificate), nonce()))
    assert (late.only.status, late.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_REQUEST)
    assert "revoked already" in late.only.text


async def test_whoever_ordered_confirms_and_nobody_else(confirming: Office) -> None:
    """Another client of the same Client could keep a certificate alive that never arrived."""
    sender = await confirming.register("orderer", frozenset({CmcRight.ISSUE}))
    other = await confirming.register("other", frozenset({CmcRight.ISSUE, CmcRight.QUERY, CmcRight.REVOKE}))
    _, certificate = await ordered(confirming, sender=sender)
    read = await confirming.ask(controls=(confirmation(certificate), nonce()), sender=other)
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_CERT_ID)
    authority = await confirming.register("authority", frozenset({CmcRight.RA}))
    for who in (sender, authority):
        read = await confirming.ask(controls=(confirmation(certificate), nonce()), sender=who)
        assert read.only.status == CmcStatus.SUCCESS
    await later(confirming)
    assert await status_of(confirming, certificate) is CertificateStatus.ISSUED


@pytest.mark.parametrize("number", [1, 25], ids=["statusInfo", "statusInfoV2"])
async def test_a_client_can_decline(confirming: Office, number: int) -> None:
    """RFC 10002 section 6.14: a certificate that its client rejects would be good until the time is over."""
    transaction = control(5, integer(41))
    read, certificate = await ordered(confirming, transaction)
    assert read.statuses[0].status == CmcStatus.CONFIRM_REQUIRED
    kind = structures.CMCStatusInfo if number == 1 else structures.CMCStatusInfoV2
    reference = 1 if number == 1 else structures.BodyPartReference("body_part_id", 1)

    async def say(status: int, *controls: Control) -> Read:
        value = kind({"cmc_status": status, "body_list": [reference]})
        return await confirming.ask(controls=(control(number, value.dump()), *controls, nonce()))

    assert (await say(3, transaction)).only.fail_info == CmcFailInfo.BAD_REQUEST
    assert (await say(0, transaction)).only.status == CmcStatus.SUCCESS
    assert "now: 0" in (await say(2)).only.text, "another transaction, or none"
    assert await status_of(confirming, certificate) is CertificateStatus.ISSUED
    read = await say(2, transaction)
    assert read.only.status == CmcStatus.SUCCESS
    assert "now: 1" in read.only.text
    assert await status_of(confirming, certificate) is CertificateStatus.REVOKED
    assert "now: 0" in (await say(2, transaction)).only.text


async def test_a_confirmation_leaves_an_operators_plan(confirming: Office) -> None:
    """A client could undo a revocation that the operator has planned."""
    _, certificate = await ordered(confirming)
    core, clock = confirming.workshop.core, confirming.workshop.clock
    [order] = await confirming.orders()
    assert order.certificate_id is not None
    await plan_revocation(core, order.certificate_id, clock.now() + timedelta(minutes=2), 4, CONSOLE)
    read = await confirming.ask(controls=(confirmation(certificate), nonce()))
    assert read.only.status == CmcStatus.SUCCESS
    await later(confirming)
    assert await status_of(confirming, certificate) is CertificateStatus.REVOKED


async def test_holders_confirm_what_they_renewed(office: Office) -> None:
    """A certificate that its holder renews would be revoked, since he could not confirm it; or anybody could."""
    await office.change_product(certificate_linking=True, confirmation_time=120)
    first_key, key = new_key(), new_key()
    old = (await office.ask(request("mail.example.com", key=first_key))).certificate_of(first_key)
    other_key = new_key()
    other = (await office.ask(request("other.example.com", key=other_key))).certificate_of(other_key)
    holder, stranger = (
        signer(office, old, first_key, "holder"),
        signer(office, other, other_key, "stranger"),
    )
    read = await office.ask(request("mail.example.com", key=key), sender=holder)
    new = read.certificate_of(key)
    assert read.only.status == CmcStatus.CONFIRM_REQUIRED
    refused = await office.ask(controls=(confirmation(new), nonce()), sender=stranger)
    assert refused.only.fail_info == CmcFailInfo.BAD_CERT_ID
    for who in (holder, signer(office, new, key, "renewed")):
        assert (await office.ask(controls=(confirmation(new), nonce()), sender=who)).only.status == CmcStatus.SUCCESS
    await later(office)
    assert await status_of(office, new) is CertificateStatus.ISSUED
    assert await status_of(office, old) is CertificateStatus.REVOKED


async def test_an_order_that_waited_asks_for_its_confirmation_too(confirming: Office) -> None:
    """The client that fetches its certificate later would not know that it has to confirm it."""
    transaction = control(5, integer(42))
    _, certificate = await ordered(confirming, transaction)
    [order] = await confirming.orders()
    read = await confirming.ask(controls=(control(21, octets(order.id.encode())), nonce()))
    assert read.only.status == CmcStatus.CONFIRM_REQUIRED
    assert certificate in read.certificates


def test_the_time_is_checked(office: Office) -> None:
    """A product could revoke what nobody has the time to confirm."""
    for seconds in (-1, 59, 400 * 86400):
        with pytest.raises(TriviumError) as refused:
            check_policy(replace(office.product.policy, confirmation_time=seconds), at=office.workshop.clock.now())
        assert refused.value.kind is ErrorKind.MALFORMED
    check_policy(replace(office.product.policy, confirmation_time=86400), at=office.workshop.clock.now())
