"""What registration authorities send on: messages in a message, batches, and what they vouch for (RFC 10002 section 8).

The authority's message and the clients' in it are signed by openssl and put together by pyasn1.
"""

import os
import random
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto.core import OctetString, UTF8String
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.certificates import CertificateStatus
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.issuers import OwnCertificateRole
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.maintenance import tidy
from ca_core.orders.own_certificates import ensure
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls, nested, oids
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from tests.cmc.messages import Control, encrypted, pki_data, signed
from tests.cmc.office import SECRET, Office, Read, Sender, control, integer, new_key, nonce, octets, request
from tests.cmc.test_cms import authenticated_data, identity
from tests.cmc.test_controls import IDENTIFICATION, issued, proof, revocation, self_signed, status_of, unsigned
from tests.cmc.test_crmf import message as crmf_message
from tests.cmc.test_hostile_messages import without_signature

OWN = frozenset({CmcRight.ISSUE, CmcRight.REVOKE, CmcRight.QUERY})
N = 71
"""The body part id of the only nested message."""


@pytest.fixture
async def client(office: Office) -> Sender:
    """Register a client that is no registration authority."""
    return await office.register("client", OWN)


def batch(*numbers: int) -> Control:
    """Return batchRequests."""
    return control(28, structures.BodyPartList(numbers).dump())


def identity_witness(*path: int) -> Control:
    """Return raIdentityWitness."""
    return control(35, structures.BodyPartPath(path).dump())


def processed(*paths: tuple[int, ...]) -> Control:
    """Return controlProcessed."""
    references = [structures.BodyPartReference("body_part_path", path) for path in paths]
    return control(32, asn1_controls.ControlsProcessed({"body_list": references}).dump())


def witness(holder: int, *numbers: int) -> Control:
    """Return lraPOPWitness."""
    return control(11, asn1_controls.LraPopWitness({"pki_data_body_id": holder, "body_ids": numbers}).dump())


async def wrap(
    office: Office, contents: dict[int, bytes], *controls: Control, sender: Sender | None = None, **parameters: str
) -> Read:
    """Send messages in a message of the authority."""
    content = pki_data(controls=(*controls, nonce()), contents=contents)
    return await office.send(office.signed(content, sender), **parameters)


def inner(office: Office, read: Read, number: int = N) -> Read:
    """Return the answer to a nested message."""
    return office.read(read.contents[number])


async def test_a_batch_is_answered_message_by_message(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.17: clients behind an authority would get no certificate, or that of another."""
    keys = {11: new_key(), 12: new_key(), 13: new_key()}
    transactions = {number: control(5, integer(number)) for number in keys}
    contents = {
        number: office.signed(
            pki_data(request(f"mail{number}.example.com", key=key), controls=(transactions[number], nonce())), client
        )
        for number, key in keys.items()
    }
    listing = batch(13, 11)
    read = await wrap(office, contents, listing)
    assert (read.only.status, read.only.body_list) == (CmcStatus.SUCCESS, (listing.body_part_id,))
    assert read.controls[oids.BATCH_RESPONSES] == structures.BodyPartList([13, 11]).dump()
    assert set(read.contents) == {11, 13}, "what no control refers to is ignored (section 3.2.1)"
    for number in (11, 13):
        answer = inner(office, read, number)
        assert answer.only.body_list == (1,)
        assert answer.controls[oids.TRANSACTION_ID] == integer(number)
        names = answer.certificate_of(keys[number]).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert names.value.get_values_for_type(x509.DNSName) == [f"mail{number}.example.com"]
    expected = (f"cmc-client:{client.cmc_client.id}", "Sent on by gateway-1.")
    assert {(order.placed_by, order.comment) for order in await office.orders()} == {expected}


async def test_errors_of_one_message_stay_in_its_answer(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.17: one client's bad message would refuse those of all others, or hide among them."""
    good = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    changed = good[:-1] + bytes([good[-1] ^ 1])
    unknown = office.signed(pki_data(controls=(Control(oid="1.2.3", values=(b"\x05\x00",), body_part_id=9),)), client)
    contents = {1: good, 2: changed, 3: unknown, 4: office.signed(b"\x30\x00", client)}
    read = await wrap(office, contents, batch(1, 2, 3, 4))
    assert read.only.status == CmcStatus.SUCCESS
    assert not inner(office, read, 1).full
    for number, body_list, fail_info in (
        (2, (0,), CmcFailInfo.BAD_MESSAGE_CHECK),
        (3, (9,), CmcFailInfo.BAD_REQUEST),
        (4, (0,), CmcFailInfo.BAD_REQUEST),
    ):
        status = inner(office, read, number).only
        assert (status.status, status.body_list, status.fail_info) == (CmcStatus.FAILED, body_list, fail_info)
        assert "err-" in status.text
    assert len(await office.orders()) == 1


async def test_copies_in_a_batch_count_once(office: Office, client: Sender) -> None:
    """Rule 75: a client's message sent twice through an authority, or once beside it, would be two orders."""
    message = office.signed(pki_data(request("a.example.com", key=new_key()), controls=(nonce(),)), client)
    read = await wrap(office, {1: message, 2: message}, batch(1, 2))
    assert inner(office, read, 1).only.status == CmcStatus.SUCCESS
    assert "replay" in inner(office, read, 2).only.text
    assert "replay" in inner(office, await wrap(office, {N: message}, batch(N))).only.text
    assert "replay" in (await office.send(message)).only.text
    assert len(await office.orders()) == 1


async def test_an_authority_sends_on_no_copy_of_what_came_before(office: Office, client: Sender) -> None:
    """Rule 75: a message was forgotten when it was too old to come again by itself, and an authority could use it."""
    message = office.signed(pki_data(request("a.example.com", key=new_key()), controls=(nonce(),)), client)
    assert (await office.send(message)).only.status == CmcStatus.SUCCESS
    for days, said in ((80, "replay"), (11, "set your clock")):
        office.workshop.clock.advance(days=days)
        await tidy(office.workshop.core, None)  # type: ignore[arg-type]
        outer = pki_data(controls=(IDENTIFICATION, batch(N)), contents={N: message})
        data = cms.AuthenticatedData.load(authenticated_data("gateway-1", SECRET.encode(), outer))
        read = await office.send(cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump())
        assert said in inner(office, read).only.text
    assert len(await office.orders()) == 1


async def test_an_authority_may_take_its_time(office: Office, client: Sender) -> None:
    """A message that waited for a person's approval would be too old; sent by its client itself, it is (rule 75)."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    outer = pki_data(controls=(IDENTIFICATION, batch(N)), contents={N: message})
    office.workshop.clock.advance(hours=1)
    assert (await office.send(message)).only.fail_info == CmcFailInfo.BAD_TIME
    data = cms.AuthenticatedData.load(authenticated_data("gateway-1", SECRET.encode(), outer))
    read = await office.send(cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump())
    assert not inner(office, read).full
    office.workshop.clock.advance(days=1)
    data = cms.AuthenticatedData.load(authenticated_data("gateway-1", SECRET.encode(), outer))
    read = await office.send(cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump())
    assert "replay" in inner(office, read).only.text
    assert len(await office.orders()) == 1


async def test_nobody_else_sends_messages_on(office: Office, client: Sender) -> None:
    """A client could send what it captured of others, or vouch for itself (RFC 10002: "MUST be rejected")."""
    message = office.signed(pki_data(request("a.example.com", key=new_key()), controls=(control(4, octets(b"x")),)))
    for said, fail_info in (
        (batch(N), CmcFailInfo.BAD_IDENTITY),
        (identity_witness(N), CmcFailInfo.BAD_IDENTITY),
        (processed((N, 1)), CmcFailInfo.BAD_IDENTITY),
        (witness(N, 1), CmcFailInfo.POP_FAILED),
    ):
        read = await wrap(office, {N: message}, said, sender=client)
        assert (read.only.body_list, read.only.fail_info) == ((said.body_part_id,), fail_info)
        assert "registration authorities" in read.only.text
        assert read.contents == {}
    assert await office.orders() == []


async def test_an_authority_acts_for_its_own_client_alone(office: Office) -> None:
    """Tenancy: one Client's authority could send on, and change, what another's clients order."""
    core = office.workshop.core
    other = Client(id="cli-other", name="other", settings=ClientSettings(cmc=True), created_at=core.sources.now())
    await core.store.write(lambda tx: tx.clients.add(other))
    authority = await office.register("authority", client_id=other.id, product_ids=())
    message = office.signed(pki_data(request("a.example.com", key=new_key()), controls=(nonce(),)))
    read = await wrap(office, {N: message}, batch(N), sender=authority)
    assert inner(office, read).only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert "another Client" in inner(office, read).only.text
    assert await office.orders() == []
    assert (await office.send(message)).only.status == CmcStatus.SUCCESS, "it was not used up"


async def test_an_authority_sends_on_orders_of_its_products_alone(office: Office, client: Sender) -> None:
    """Rule 74: an authority for one product could vouch for keys and change names in another."""
    limited = await office.register("limited", product_ids=())
    message = office.signed(pki_data(request("a.example.com", key=new_key()), controls=(nonce(),)), client)
    read = inner(office, await wrap(office, {N: message}, batch(N), sender=limited))
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    assert "limited may not order" in read.only.text
    assert await office.orders() == []


async def test_batches_name_what_is_there(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.17: a batch that lists what is missing, or the same twice, would be half obeyed."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    for numbers in ((N, N + 1), (N, N), tuple(range(1, nested.MAX_MESSAGES + 2))):
        listing = batch(*numbers)
        read = await wrap(office, {N: message}, listing)
        assert (read.only.body_list, read.only.fail_info) == ((listing.body_part_id,), CmcFailInfo.BAD_REQUEST)
    assert await office.orders() == []


async def test_depth_is_limited(office: Office, client: Sender) -> None:
    """Rule 62: a message in a message in a message, without end, would keep a worker busy."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    for _ in range(nested.MAX_DEPTH - 1):
        message = office.signed(pki_data(controls=(batch(N), nonce()), contents={N: message}))
    read = await wrap(office, {N: message}, batch(N))
    for _ in range(nested.MAX_DEPTH):
        read = inner(office, read)
    assert not read.full
    message = office.signed(pki_data(request("b.example.com", key=new_key())), client)
    for _ in range(nested.MAX_DEPTH):
        message = office.signed(pki_data(controls=(batch(N), nonce()), contents={N: message}))
    read = await wrap(office, {N: message}, batch(N))
    for _ in range(nested.MAX_DEPTH + 1):
        read = inner(office, read)
    assert read.only.fail_info == CmcFailInfo.BAD_REQUEST
    assert "deep" in read.only.text
    assert len(await office.orders()) == 1


@pytest.mark.parametrize("limit", ["MAX_MESSAGES", "MAX_REQUESTS"])
async def test_numbers_are_limited(office: Office, client: Sender, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Rule 62: one message would bring any number of others, or of orders, however they are nested."""
    monkeypatch.setattr(nested, limit, 4)
    keys = [new_key() for _ in range(4)]
    messages = [office.signed(pki_data(request("a.example.com", key=key), controls=(nonce(),)), client) for key in keys]
    contents = {2: messages[0], 3: messages[1], 4: messages[2]}
    middle = office.signed(pki_data(controls=(batch(2, 3, 4), nonce()), contents=contents))
    read = await wrap(office, {N: middle, N + 1: messages[3]}, batch(N, N + 1))
    last = inner(office, read, N + 1)
    if limit == "MAX_REQUESTS":
        assert last.certificate_of(keys[3]), "four requests are four"
    else:
        assert (last.only.body_list, last.only.fail_info) == ((0,), CmcFailInfo.BAD_REQUEST)
    more = office.signed(pki_data(*[request("b.example.com", key=new_key())] * 5, controls=(nonce(),)), client)
    read = inner(office, await wrap(office, {N: more}, batch(N)))
    assert (len(read.statuses) == 1) is (limit == "MAX_REQUESTS")


async def test_what_waits_in_a_batch_is_found_again(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.17: partial, and queryPending by the authority for all or by each client for its own."""
    await office.change_product(ra_vouches=False)
    keys = {1: new_key(), 2: new_key()}
    contents = {
        number: office.signed(pki_data(request(f"mail{number}.example.com", key=key)), client)
        for number, key in keys.items()
    }
    listing = batch(1, 2)
    read = await wrap(office, contents, listing)
    assert (read.only.status, read.only.body_list) == (CmcStatus.PARTIAL, (listing.body_part_id,))
    tokens = [inner(office, read, number).only.pend_token for number in (1, 2)]
    assert (read.only.pend_token or b"").split() == tokens
    everything = control(21, octets(read.only.pend_token or b""))
    still = await office.ask(controls=(everything, nonce()))
    assert (still.only.status, still.only.pend_token) == (CmcStatus.PARTIAL, read.only.pend_token)
    for number in (1, 2):
        await show_control(office, f"mail{number}.example.com")
        read = await office.ask(controls=(everything, nonce()))
        expected = [CmcStatus.SUCCESS, CmcStatus.PARTIAL] if number == 1 else [CmcStatus.SUCCESS] * 2
        assert [one.status for one in read.statuses] == expected
        assert read.certificate_of(keys[number])
    own = await office.ask(controls=(control(21, octets(tokens[0] or b"")), nonce()), sender=client)
    assert own.certificate_of(keys[1])
    stranger = await office.register("stranger", OWN)
    read = await office.ask(controls=(everything, nonce()), sender=stranger)
    assert read.only.fail_info == CmcFailInfo.BAD_CERT_ID


async def show_control(office: Office, name: str) -> None:
    """Let the authorization of a waiting order's name become valid."""
    [waiting] = [order for order in await office.orders() if [one.value for one in order.identifiers] == [name]]

    def show(tx: Transaction) -> None:
        [found] = tx.authorizations.get_many(waiting.authorization_ids)
        tx.authorizations.save(replace(found, status=AuthorizationStatus.VALID))

    await office.workshop.core.store.write(show)


async def test_secrets_authenticate_nested_messages(office: Office) -> None:
    """RFC 10002 section 3.2.1.3.1: a client with a secret alone could not order through an authority, or revoke."""
    await office.register("by-secret", OWN, secret=SECRET)
    key, name = new_key(), control(2, UTF8String("by-secret").dump())

    def message(secret: bytes) -> bytes:
        content = pki_data(request("a.example.com", key=key), controls=(name, nonce()))
        data = cms.AuthenticatedData.load(authenticated_data("by-secret", secret, content))
        der: bytes = cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump()
        return der

    read = await wrap(office, {1: message(b"another secret"), 2: message(SECRET.encode())}, batch(1, 2))
    assert inner(office, read, 1).only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK
    certificate = inner(office, read, 2).certificate_of(key)
    wrong, right = (revocation(certificate, passphrase=one) for one in (b"another secret", SECRET.encode()))
    contents = {number: unsigned(pki_data(controls=(one,))) for number, one in ((1, wrong), (2, right))}
    read = await wrap(office, contents, batch(1, 2), identity_witness(1))
    assert inner(office, read, 1).only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert inner(office, read, 2).only.status == CmcStatus.SUCCESS
    assert await status_of(office, certificate) is CertificateStatus.REVOKED


def without_possession() -> bytes:
    """Return a PKIData with a CRMF request, number 7, that nobody signed."""
    bare = CertReqMsg({"cert_req": CertReqMsg.load(crmf_message("a.example.com"))["cert_req"]})
    sent = {"body_part_id": 8, "attr_type": oids.SENDER_NONCE, "attr_values": [OctetString(os.urandom(16))]}
    data = structures.PKIData(
        {
            "control_sequence": [sent],
            "req_sequence": [structures.TaggedRequest("crm", bare)],
            "cms_sequence": [],
            "other_msg_sequence": [],
        }
    )
    der: bytes = data.dump()
    return der


async def test_an_authority_vouches_for_keys_in_a_clients_message(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.8: a key that cannot sign, sent by a client, could not be certified; or without the word."""

    def message() -> bytes:
        return office.signed(without_possession(), client)

    unvouched = inner(office, await wrap(office, {N: message()}, batch(N)))
    assert (unvouched.only.body_list, unvouched.only.fail_info) == ((7,), CmcFailInfo.POP_REQUIRED)
    other = inner(office, await wrap(office, {N: message()}, witness(0, 7), batch(N)))
    assert other.only.fail_info == CmcFailInfo.POP_REQUIRED, "that was said about the authority's own requests"
    said = witness(N, 7)
    read = await wrap(office, {N: message()}, said)
    assert read.only.body_list == (N,)
    assert read.controls[oids.RESPONSE_BODY] == structures.BodyPartPath([N]).dump()
    assert inner(office, read).only.status == CmcStatus.SUCCESS


async def test_a_word_for_a_key_counts_where_the_product_takes_it(office: Office, client: Sender) -> None:
    """Rule 76: "no RA-verified bypass unless the product allows it"."""
    await office.change_product(ra_vouches=False)
    message = office.signed(without_possession(), client)
    read = inner(office, await wrap(office, {N: message}, witness(N, 7)))
    assert (read.only.body_list, read.only.fail_info) == ((7,), CmcFailInfo.POP_FAILED)
    assert "ra_vouches" in read.only.text
    assert await office.orders() == []


async def test_an_authority_vouches_for_the_identity(office: Office) -> None:
    """RFC 10002 section 6.20: whom the authority alone knows could not order, or could with its mere wrapping."""
    key = new_key()
    csr = request("a.example.com", key=key)
    unknown = proof(csr, secret=b"a secret that the authority has")

    def message() -> bytes:
        return self_signed(office, key, pki_data(csr, controls=(IDENTIFICATION, unknown, nonce())))

    number = unknown.body_part_id
    for said in ((batch(N),), (batch(N), processed((N, number)))):
        read = inner(office, await wrap(office, {N: message()}, *said))
        assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    assert await office.orders() == []
    for path in ((N, number), (N,)):
        read = inner(office, await wrap(office, {N: message()}, identity_witness(*path), processed((N, number))))
        assert read.certificate_of(key)
    placed = {order.placed_by for order in await office.orders()}
    assert placed == {f"cmc-client:{office.sender.cmc_client.id}"}


async def test_a_stranger_may_sign_with_a_certificate_of_his_own(office: Office, tmp_path: Path) -> None:
    """A certificate that nobody here knows, vouched for; a wrong signature stays wrong, and one request is not all."""
    stranger = identity(tmp_path, new_key(), "stranger")
    key = new_key()
    message = signed(pki_data(request("a.example.com", key=key)), stranger.certificate_file, stranger.key_file)
    assert inner(office, await wrap(office, {N: message}, batch(N))).only.fail_info == CmcFailInfo.BAD_IDENTITY
    broken = message[:-1] + bytes([message[-1] ^ 1])
    read = inner(office, await wrap(office, {N: broken}, identity_witness(N)))
    assert read.only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK
    read = inner(office, await wrap(office, {N: message}, identity_witness(N, 1)))
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert inner(office, await wrap(office, {N: message}, identity_witness(N))).certificate_of(key)
    assert len(await office.orders()) == 1


async def test_a_message_that_nobody_signed_may_be_vouched_for(office: Office) -> None:
    """RFC 10002 appendix C.1: a client whose key cannot sign; whoever captured its message could add to it."""
    key = new_key()
    message = without_signature(pki_data(request("a.example.com", key=key)))
    for said in (batch(N), witness(N, 1)):
        read = inner(office, await wrap(office, {N: message}, said))
        assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    assert inner(office, await wrap(office, {N: message}, identity_witness(N))).certificate_of(key)
    assert "replay" in inner(office, await wrap(office, {N: message}, identity_witness(N))).only.text
    assert len(await office.orders()) == 1


@pytest.mark.parametrize("path", [(N + 1,), (N, 999), (N, 1000, 1), (0,), (999,), (N,) * 3000])
async def test_identities_are_of_something(office: Office, client: Sender, path: tuple[int, ...]) -> None:
    """A witness that points nowhere would be taken for one about the message that is there."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())), client)
    said = identity_witness(*path)
    read = await wrap(office, {N: message}, said)
    assert (read.only.body_list, read.only.fail_info) == ((said.body_part_id,), CmcFailInfo.BAD_REQUEST)
    assert await office.orders() == []


async def test_an_authority_needs_no_word_for_its_own_requests(office: Office) -> None:
    """RFC 10002 section 6.20: a simple request, or a proof merged into its message, could not be vouched for."""
    key, said = new_key(), control(3, octets(b"checked by the authority"))
    csr = request("a.example.com", key=key)
    for number in (1, said.body_part_id):
        controls = (identity_witness(number), said, nonce())
        assert (await office.ask(csr, controls=controls)).certificate_of(key)


async def test_a_word_for_the_identity_gives_no_rights(office: Office) -> None:
    """Whom an authority vouches for could revoke, look up and vouch with the authority's rights."""
    certificate = await issued(office)
    key = new_key()
    csr = request("a.example.com", key=key)
    for said in (revocation(certificate), witness(0, 1), batch(3), control(21, octets(b"ord-1"))):
        message = self_signed(office, key, pki_data(csr, controls=(said, nonce())))
        read = inner(office, await wrap(office, {N: message}, identity_witness(N)))
        assert read.only.status == CmcStatus.FAILED
        assert read.only.fail_info in {CmcFailInfo.BAD_IDENTITY, CmcFailInfo.POP_FAILED}
    nothing = pki_data(controls=(control(5, integer(1)), nonce()))
    dedicated = pki_data(csr, controls=(control(18, octets(b"product=gateway-cmc-client")), nonce()))
    for content in (nothing, dedicated):
        read = inner(office, await wrap(office, {N: signed_alone(office, content)}, identity_witness(N)))
        assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert await status_of(office, certificate) is CertificateStatus.ISSUED
    assert len(await office.orders()) == 1


def signed_alone(office: Office, content: bytes) -> bytes:
    """Sign with a certificate that nobody here knows."""
    stranger = identity(office.folder, new_key(), "alone")
    return signed(content, stranger.certificate_file, stranger.key_file)


async def test_controls_an_authority_has_dealt_with_are_passed_over(office: Office, client: Sender) -> None:
    """RFC 10002 section 6.19: an extension that the authority knows would refuse the message; or go unheard of."""
    extra = Control(oid="1.2.3.4", values=(b"\x05\x00",), body_part_id=41)
    key, certificate = new_key(), await issued(office, client)

    def message(*controls: Control) -> bytes:
        return office.signed(pki_data(request("a.example.com", key=key), controls=(*controls, nonce())), client)

    refused = inner(office, await wrap(office, {N: message(extra)}, batch(N)))
    assert (refused.only.body_list, refused.only.fail_info) == ((41,), CmcFailInfo.BAD_REQUEST)
    done = revocation(certificate)
    read = await wrap(office, {N: message(extra, done)}, processed((N, 41), (N, done.body_part_id)))
    assert inner(office, read).certificate_of(key)
    assert await status_of(office, certificate) is CertificateStatus.ISSUED
    own = Control(oid="1.2.3.4", values=(b"\x05\x00",), body_part_id=42)
    read = await office.ask(request("b.example.com", key=new_key()), controls=(own, processed((42,))))
    assert not read.full
    for wrong in (processed((N, 40)), processed((N + 1, 41))):
        read = await wrap(office, {N: message(extra)}, wrong)
        assert (read.only.body_list, read.only.fail_info) == ((wrong.body_part_id,), CmcFailInfo.BAD_REQUEST)


@pytest.mark.parametrize("number", [29, 37])
async def test_what_belongs_into_answers_is_refused(office: Office, number: int) -> None:
    """RFC 10002 section 6.21: responseBody "MUST NOT appear in the control sequence of a PKIData"."""
    said = control(number, structures.BodyPartPath([1]).dump())
    read = await office.ask(request("a.example.com", key=new_key()), controls=(said, nonce()))
    assert (read.only.body_list, read.only.fail_info) == ((said.body_part_id,), CmcFailInfo.BAD_REQUEST)
    assert "for answers" in read.only.text
    assert await office.orders() == []


async def test_encrypted_messages_are_sent_on(office: Office, client: Sender) -> None:
    """RFC 10002 section 5: an authority need not read what it sends on; a changed one says nothing about itself."""
    own = await ensure(office.workshop.core, OwnCertificateRole.CMC_RECIPIENT, office.front_end.issuer_id)
    recipient = office.folder / "recipient.pem"
    recipient.write_bytes(x509.load_der_x509_certificate(own.certificate).public_bytes(Encoding.PEM))
    key = new_key()
    message = encrypted(office.signed(pki_data(request("a.example.com", key=key)), client), recipient, "-aes-128-cbc")
    changed = message[:-20] + bytes([message[-20] ^ 1]) + message[-19:]
    read = await wrap(office, {1: message, 2: changed}, batch(1, 2))
    assert inner(office, read, 1).certificate_of(key)
    assert inner(office, read, 2).only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK


async def test_two_authorities_stand_between(office: Office, client: Sender) -> None:
    """RFC 10002 section 8: "multiple wrapping layers"; the outer one's word reaches the innermost message."""
    authority = await office.register("inner-authority", frozenset({CmcRight.RA}))
    extra = Control(oid="1.2.3.4", values=(b"\x05\x00",), body_part_id=41)
    known, unknown = new_key(), new_key()
    content = pki_data(request("a.example.com", key=known), controls=(extra,))
    contents = {5: office.signed(content, client), 6: signed_alone(office, pki_data(request("b.test", key=unknown)))}
    middle = office.signed(pki_data(controls=(batch(5, 6), nonce()), contents=contents), authority)
    read = await wrap(office, {N: middle}, batch(N), processed((N, 5, 41)), identity_witness(N, 6))
    assert inner(office, inner(office, read), 5).certificate_of(known)
    assert inner(office, inner(office, read), 6).certificate_of(unknown)
    placed = {(order.placed_by, order.comment) for order in await office.orders()}
    sent_on = "Sent on by gateway-1, then inner-authority."
    senders = (client, office.sender)
    assert placed == {(f"cmc-client:{sender.cmc_client.id}", sent_on) for sender in senders}


@pytest.mark.parametrize("seed", range(3))
async def test_mutated_messages_of_an_authority_break_nothing(office: Office, client: Sender, seed: int) -> None:
    """Fault F11: an authority whose program is broken would bring a worker to an internal error, or order by chance."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    csr = request("a.example.com", key=new_key())
    message = office.signed(pki_data(csr, controls=(nonce(),)), client)
    said = (batch(N), processed((N, 1)), identity_witness(N), witness(N, 1), witness(0, 1))
    genuine = pki_data(controls=said, contents={N: message})
    for _ in range(40):
        content = bytearray(genuine)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(content) if chance.random() < 0.3 else 200)
            content[at] ^= 1 << chance.randrange(8)
        read = await office.send(office.signed(bytes(content)))
        statuses = [*read.statuses, *(one for der in read.contents.values() for one in office.read(der).statuses)]
        assert all(one.fail_info != CmcFailInfo.INTERNAL_CA_ERROR for one in statuses)
    assert {(name.value, order.comment) for order in await office.orders() for name in order.identifiers} <= {
        ("a.example.com", "Sent on by gateway-1.")
    }
