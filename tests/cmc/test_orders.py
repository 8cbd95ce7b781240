"""Orders over CMC, from the message to the certificate: what is issued, what waits, and what is refused, and how."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import core as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.access.cmc_clients import disable
from ca_core.access.rate_limits import count_certificate
from ca_core.keys.software import SoftwareSigner
from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import ErrorKind
from ca_core.model.orders import OrderState
from ca_core.model.rate_limits import Limit, Rate, RateLimits
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.revocation.revoke import revoke_by_id
from gateway.cmc import asn1 as structures
from gateway.cmc import oids
from gateway.cmc.cms import certificate_of, content_info, parse_signed
from gateway.cmc.controls import CONTROLS
from gateway.cmc.errors import FAIL_INFOS, CmcFailInfo, CmcStatus
from gateway.cmc.front_end import Received
from gateway.cmc.responder import respond
from store.database import Database
from tests.cmc import vectors
from tests.cmc.messages import Control, pki_data
from tests.cmc.office import CMC, Office, control, integer, new_key, nonce, octets, request
from tests.orders.workshop import CONSOLE

NULL = b"\x05\x00"


def test_every_kind_of_error_has_a_fail_info() -> None:
    """A refusal without one would be an internal error to the client."""
    assert set(FAIL_INFOS) == set(ErrorKind)


async def test_a_request_becomes_a_certificate_and_controls_come_back(office: Office) -> None:
    """RFC 10002 sections 4.2, 6.4 and 6.6: the client could not tell which answer is for which request."""
    key, sent = new_key(), nonce()
    controls = (sent, control(5, integer(1 << 70)), control(4, octets(b"mine")))
    read = await office.ask(request("mail.example.com", key=key), controls=controls)
    assert read.full
    assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (1,))
    assert read.controls[oids.RECIPIENT_NONCE] == sent.values[0]
    assert read.controls[oids.SENDER_NONCE] not in (sent.values[0], b"")
    assert read.controls[oids.TRANSACTION_ID] == integer(1 << 70)
    assert read.controls[oids.DATA_RETURN] == octets(b"mine")
    names = read.certificate_of(key).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.example.com"]
    [order] = await office.orders()
    assert (order.state, order.placed_by) == (OrderState.ISSUED, f"cmc-client:{office.sender.cmc_client.id}")


async def test_without_controls_the_answer_is_certificates_alone(office: Office) -> None:
    """RFC 10002 section 4.1: success is implied, and simple clients read nothing else."""
    key = new_key()
    read = await office.ask(request("mail.example.com", key=key))
    assert not read.full
    assert read.certificate_of(key)
    assert len(read.certificates) == 2, "the issuing CA's certificate is there too"


async def test_requests_of_one_message_stand_alone(office: Office) -> None:
    """One bad request would lose the others, or hide among them."""
    key = new_key()
    read = await office.ask(
        request("good.example.com", key=key), request("*.example.com", key=new_key()), controls=(nonce(),)
    )
    assert [(one.status, one.body_list) for one in read.statuses] == [(0, (1,)), (2, (2,))]
    assert read.statuses[1].fail_info == CmcFailInfo.BAD_REQUEST
    assert "wildcard" in read.statuses[1].text
    assert "err-" in read.statuses[1].text
    assert read.certificate_of(key)


async def test_a_copy_of_a_message_orders_nothing(office: Office) -> None:
    """Rule 75: 100 copies at once, one order, and the others hear why."""
    message = office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))
    received = Received(body=message, address="192.0.2.1")
    answers = await asyncio.gather(*(respond(office.front_end, received) for _ in range(100)))
    assert len(await office.orders()) == 1
    refused = [read for read in map(office.read, (answers[0].der, answers[-1].der)) if read.only.status]
    assert refused
    assert all("replay" in read.only.text for read in refused)
    again = office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))
    assert (await office.send(again)).only.status == CmcStatus.SUCCESS


async def test_a_power_cut_brings_no_second_order_or_serial(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules 2, 75: only the use of a message may wait for the disk, and only since what follows it does not."""
    steps: list[bool | None] = []
    write, sign = Database.write, SoftwareSigner.sign

    async def written(store: Database, fn: Callable[[Transaction], Any], *, lasting: bool = True) -> Any:
        result = await write(store, fn, lasting=lasting)
        steps.append(lasting)
        return result

    async def signed(signer: SoftwareSigner, data: bytes) -> bytes:
        steps.append(None)
        return await sign(signer, data)

    monkeypatch.setattr(Database, "write", written)
    monkeypatch.setattr(SoftwareSigner, "sign", signed)
    await office.ask(request("mail.example.com", key=new_key()), controls=(nonce(),))
    used_up, placed, *intended = steps[: steps.index(None)]
    assert (used_up, placed) == (False, True)
    assert intended
    assert all(intended)


async def test_refusals_say_which_message_they_are_about(office: Office) -> None:
    """RFC 10002 section 6.6: the answer "MUST include" nonce and transaction, also to a message that is refused."""
    for refused in (control(8, NULL), control(37, NULL), control(21, NULL)):
        sent, transaction = nonce(), control(5, integer(1 << 70))
        read = await office.ask(controls=(refused, sent, transaction))
        assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (refused.body_part_id,))
        assert read.controls[oids.RECIPIENT_NONCE] == sent.values[0]
        assert read.controls[oids.TRANSACTION_ID] == integer(1 << 70)
    message = office.signed(pki_data(controls=(sent,)))
    first, copy = [await office.send(message) for _ in range(2)]
    assert [read.only.status for read in (first, copy)] == [CmcStatus.SUCCESS, CmcStatus.FAILED]
    assert copy.controls[oids.RECIPIENT_NONCE] == sent.values[0]


async def test_a_message_is_young(office: Office) -> None:
    """A message that was intercepted could be sent when its nonce is forgotten."""
    message = office.signed(pki_data(request("mail.example.com", key=new_key())))
    office.workshop.clock.advance(minutes=6)
    read = await office.send(message)
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_TIME)
    assert await office.orders() == []


async def test_controls_that_are_not_taken_refuse_the_message(office: Office) -> None:
    """RFC 10002 section 3.2.1.1, rule 77: what nobody here understands would be disregarded."""
    every = [Control(oid=f"{CMC}.{number}", values=(NULL,), body_part_id=100 + number) for number in range(1, 60)]
    unknown = tuple(one for one in every if one.oid not in CONTROLS)
    assert len(unknown) > 20
    read = await office.ask(request("mail.example.com", key=new_key()), controls=(*unknown, nonce()))
    assert read.only.status == CmcStatus.FAILED
    assert read.only.body_list == tuple(one.body_part_id for one in unknown)
    assert read.only.fail_info == CmcFailInfo.BAD_REQUEST
    assert oids.RECIPIENT_NONCE in read.controls
    assert await office.orders() == []


async def test_what_was_changed_is_no_message(office: Office) -> None:
    """RFC 10002 section 3.2.1.3.4: badMessageCheck about body part 0."""
    message = office.signed(pki_data(request("mail.example.com", key=new_key())))
    for broken, fail_info in (
        (message[:-1] + bytes([message[-1] ^ 1]), CmcFailInfo.BAD_MESSAGE_CHECK),
        (vectors.message(vectors.CORRUPTED), CmcFailInfo.BAD_MESSAGE_CHECK),
        (b"0\x03\x02\x01\x01", CmcFailInfo.BAD_REQUEST),
        (b"", CmcFailInfo.BAD_REQUEST),
    ):
        read = await office.send(broken)
        assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (0,))
        assert read.only.fail_info in {fail_info, CmcFailInfo.BAD_REQUEST}
    assert await office.orders() == []


@pytest.mark.parametrize("vector", [*vectors.PKCS10, *vectors.CRMF, vectors.REVOCATION, vectors.WINDOWS])
async def test_other_clients_messages_are_nobodys_here(office: Office, vector: str) -> None:
    """A certificate that nobody registered, or the key of the request alone, would be enough to order."""
    read = await office.send(vectors.message(vector))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_IDENTITY)
    assert await office.orders() == []


@pytest.mark.parametrize("vector", [*vectors.PKCS10, *vectors.CRMF, vectors.REVOCATION])
async def test_registered_clients_of_other_makers_are_understood(office: Office, vector: str) -> None:
    """Sweden Connect's client: its test names no host, so it gets as far as the product's names, or the issuer."""
    message = parse_signed(content_info(vectors.message(vector))[1])
    certificate = certificate_of(message, message.signers[0].sid)
    signed_at = message.signers[0].signing_time
    assert certificate is not None
    assert signed_at is not None

    await office.register("swedish", csr=None, certificate=certificate.public_bytes(Encoding.DER))
    office.workshop.clock.time = signed_at
    read = await office.send(vectors.message(vector))
    assert read.only.status == CmcStatus.FAILED
    if vector == vectors.REVOCATION:
        assert read.only.fail_info == CmcFailInfo.BAD_CERT_ID
    else:
        assert read.only.fail_info == CmcFailInfo.BAD_REQUEST
        assert "identifier" in read.only.text
    assert read.only.body_list != (0,)


async def test_clients_that_prove_no_possession_need_the_right(office: Office) -> None:
    """Rule 76: Sweden Connect's client vouches for keys by itself, which nobody may unless he was asked to."""
    message = parse_signed(content_info(vectors.message(vectors.CRMF[0]))[1])
    certificate = certificate_of(message, message.signers[0].sid)
    assert certificate is not None
    plain = frozenset({CmcRight.ISSUE, CmcRight.REVOKE, CmcRight.QUERY})
    await office.register("swedish", plain, csr=None, certificate=certificate.public_bytes(Encoding.DER))
    office.workshop.clock.time = message.signers[0].signing_time or office.workshop.clock.time
    read = await office.send(vectors.message(vectors.CRMF[0]))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.POP_FAILED)
    assert "ask the operator for the right" in read.only.text
    assert await office.orders() == []


async def test_clients_order_what_they_may_for_whom_they_may(office: Office) -> None:
    """Rule 74: right, product and account are the client's own."""
    csr = request("mail.example.com", key=new_key())
    without = await office.register("query-only", frozenset({CmcRight.QUERY}))
    for read in (
        await office.ask(csr, controls=(nonce(),), sender=without),
        await office.ask(csr, controls=(nonce(),), product="another"),
        await office.ask(csr, controls=(nonce(),), account="somebody"),
    ):
        assert (read.statuses[-1].status, read.statuses[-1].fail_info) == (2, CmcFailInfo.BAD_IDENTITY)
    assert await office.orders() == []
    assert not (await office.ask(request("a.example.com", key=new_key()), product="tls", account="gateway-1")).full
    assert not (await office.ask(request("b.example.com", key=new_key()), account="default")).full


async def test_validity_is_the_products_or_shorter_where_it_says_so(office: Office) -> None:
    """`validity=3y` in the URL of a gateway would be disregarded, or believed."""
    key = new_key()
    assert not (await office.ask(request("a.example.com", key=new_key()), validity="90d")).full
    for wish in ("3y", "30d", "long"):
        read = await office.ask(request("b.example.com", key=new_key()), validity=wish)
        assert read.only.fail_info == CmcFailInfo.BAD_REQUEST
    await office.change_product(requested_validity=True)
    read = await office.ask(request("c.example.com", key=key), validity="30d")
    certificate = read.certificate_of(key)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc + timedelta(seconds=1)
    assert life == timedelta(days=30)
    assert (await office.ask(request("d.example.com", key=new_key()), validity="3y")).only.status == 2
    info = control(18, octets(b"product=tls&validity=20d"))
    read = await office.ask(request("e.example.com", key=new_key()), controls=(info,))
    assert read.only.status == CmcStatus.SUCCESS
    assert read.controls[oids.RESPONSE_INFO] == octets(b"product=tls&validity=20d"), "what of regInfo has counted"
    assert not (
        await office.ask(request("f.example.com", key=new_key()), controls=(control(18, octets(b"pkcs10")),))
    ).full


async def test_clients_that_are_no_longer_good_are_refused(office: Office) -> None:
    """Rule 74: revoked, disabled, suspended or expired one second ago is too late."""
    core = office.workshop.core
    revoked, disabled = await office.register("revoked"), await office.register("disabled")
    csr = request("mail.example.com", key=new_key())
    for sender in (revoked, disabled):
        assert not (await office.ask(csr, sender=sender)).full
    assert revoked.cmc_client.certificate_id is not None
    await revoke_by_id(core, revoked.cmc_client.certificate_id, 0, CONSOLE)
    await disable(core, "disabled", CONSOLE)
    before = len(await office.orders())
    for sender in (revoked, disabled):
        read = await office.ask(csr, sender=sender)
        assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    message = pki_data(csr)
    office.workshop.clock.time = office.sender.certificate.not_valid_after_utc + timedelta(seconds=1)
    assert (await office.send(office.signed(message))).only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert len(await office.orders()) == before


async def test_names_nobody_vouches_for_wait_and_are_found_again(office: Office) -> None:
    """Control must be shown first: the order waits, also over a restart, and its token and transaction find it."""
    await office.change_product(ra_vouches=False)
    core, key = office.workshop.core, new_key()
    transaction = control(5, integer(99))
    read = await office.ask(request("mail.example.com", key=key), controls=(transaction, nonce()))
    assert (read.only.status, read.only.body_list) == (CmcStatus.PENDING, (1,))
    assert "mail.example.com" in read.only.text
    token = read.only.pend_token or b""
    other = await office.register("other", frozenset({CmcRight.ISSUE, CmcRight.QUERY}))
    query = control(21, octets(token))
    assert (await office.ask(controls=(query, nonce()), sender=other)).only.fail_info == CmcFailInfo.BAD_CERT_ID
    office.workshop.clock.advance(minutes=4)
    assert (await office.ask(controls=(query, nonce()))).only == replace(read.only, body_list=(query.body_part_id,)), (
        "RFC 10002 section 6.13: the pendInfo stays the same"
    )
    [order] = await office.orders()
    [authorization] = await core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    shown = replace(authorization, status=AuthorizationStatus.VALID)
    await core.store.write(lambda tx: tx.authorizations.save(shown))
    assert (await office.ask(controls=(query, nonce()))).certificate_of(key)
    found = await office.ask(controls=(transaction, nonce()))
    assert found.only.status == CmcStatus.SUCCESS
    assert found.certificate_of(key)
    assert len(await office.orders()) == 1


async def test_a_transaction_is_looked_up_with_the_right_to(office: Office) -> None:
    """Rule 77: the status that queryPending refuses could be had by a message that asks for nothing."""
    sender = await office.register("no-query", frozenset({CmcRight.ISSUE}))
    transaction = control(5, integer(7))
    assert (await office.ask(controls=(transaction, nonce()), sender=sender)).only.status == CmcStatus.SUCCESS
    await office.ask(request("mail.example.com", key=new_key()), controls=(transaction, nonce()), sender=sender)
    read = await office.ask(controls=(transaction, nonce()), sender=sender)
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_IDENTITY)


def limited(office: Office, *limits: Limit) -> Office:
    """Return the office with these limits, at one in four minutes."""
    found = RateLimits(rates=dict.fromkeys(limits, Rate(1, timedelta(minutes=4))))
    core = replace(office.workshop.core, limits=found)
    return replace(office, workshop=replace(office.workshop, core=core), front_end=replace(office.front_end, core=core))


async def test_orders_beyond_a_limit_end_with_the_reason(office: Office) -> None:
    """Rule 53: an order that was placed and then limited would wait a week for a CSR that nobody submits."""
    strict = limited(office, Limit.CERTIFICATES_PER_NAMES)
    assert not (await strict.ask(request("mail.example.com", key=new_key()))).full
    transaction = control(5, integer(1))
    read = await strict.ask(request("mail.example.com", key=new_key()), controls=(transaction,))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.TRY_LATER)
    assert "wait until" in read.only.text
    [ended] = [order for order in await strict.orders() if order.state is not OrderState.ISSUED]
    assert ended.state is OrderState.FAILED
    assert ended.error is not None
    assert ended.error.id in read.only.text
    again = await strict.ask(controls=(transaction, nonce()))
    assert (again.only.status, again.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.TRY_LATER)


async def test_waiting_orders_go_on_only_for_whom_they_still_may(office: Office) -> None:
    """Rule 74: a right that was taken away would last as long as an order waits; a limit would end the order."""
    await office.change_product(ra_vouches=False)
    sender = await office.register("other")
    read = await office.ask(request("mail.example.com", key=new_key()), sender=sender)
    core, token = office.workshop.core, read.only.pend_token or b""
    [order] = await office.orders()
    [authorization] = await core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    shown = replace(authorization, status=AuthorizationStatus.VALID)
    await core.store.write(lambda tx: tx.authorizations.save(shown))

    async def may(*rights: CmcRight) -> None:
        def change(tx: Transaction) -> None:
            current = tx.cmc_clients.get(sender.cmc_client.id)
            assert current is not None
            tx.cmc_clients.save(replace(current, rights=frozenset(rights)))

        await core.store.write(change)

    await may(CmcRight.QUERY)
    read = await office.ask(controls=(control(21, octets(token)), nonce()), sender=sender)
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_IDENTITY)
    await may(CmcRight.QUERY, CmcRight.ISSUE)
    strict = limited(office, Limit.CERTIFICATES_PER_NAMES)
    await core.store.write(lambda tx: count_certificate(strict.workshop.core, tx, CONSOLE, order))
    read = await strict.ask(controls=(control(21, octets(token)), nonce()), sender=sender)
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.TRY_LATER)
    office.workshop.clock.advance(minutes=4)
    read = await strict.ask(controls=(control(21, octets(token)), nonce()), sender=sender)
    assert read.only.status == CmcStatus.SUCCESS


async def test_unknown_request_messages_stop_everything(office: Office) -> None:
    """RFC 10002 section 3.2.1: noSupport for the item, and "no other request processed"."""
    csr = request("mail.example.com", key=new_key())
    tcr = structures.TaggedRequest("tcr", {"body_part_id": 1, "certification_request": asn1.Any.load(csr)})
    orm = structures.TaggedRequest(
        "orm", {"body_part_id": 2, "request_message_type": "1.2.3", "request_message_value": asn1.Null()}
    )
    data = structures.PKIData(
        {"control_sequence": [], "req_sequence": [tcr, orm], "cms_sequence": [], "other_msg_sequence": []}
    )
    read = await office.send(office.signed(data.dump()))
    assert (read.only.status, read.only.body_list) == (CmcStatus.NO_SUPPORT, (2,))
    assert await office.orders() == []
