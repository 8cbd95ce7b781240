"""Renewal by what is signed with: a client renews its dedicated certificate, a holder the certificate it holds."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from ca_core.access.cmc_clients import disable
from ca_core.model.certificates import Certificate
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.values import replace as replaced
from ca_core.revocation.revoke import revoke_by_id
from gateway.cmc.errors import CmcFailInfo
from tests.cmc.messages import pki_data
from tests.cmc.office import Office, Sender, control, integer, new_key, nonce, octets, request
from tests.cmc.test_change_subject_name import NAMES, OTHER_SUBJECT, changing, sequence
from tests.cmc.test_controls import IDENTIFICATION, proof, revocation, self_signed
from tests.cmc.test_nested import N, identity_witness, inner, wrap
from tests.orders.workshop import CONSOLE

PRODUCT = "gateway-cmc-client"


def for_itself(key: Any, name: str = "gateway-1") -> bytes:
    """Return the CSR of a dedicated certificate."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)] if name else [])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def signer(office: Office, certificate: x509.Certificate, key: Any, name: str) -> Sender:
    """Return whoever signs with this certificate and key."""
    files = [office.folder / f"{name}{suffix}" for suffix in (".pem", ".key")]
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Sender(office.sender.cmc_client, *files)


def key_of(sender: Sender) -> Any:
    """Return the key a client signs with."""
    return load_pem_private_key(sender.key_file.read_bytes(), None)


async def registered(office: Office, name: str = "gateway-1") -> CmcClient:
    """Return a client as it is in the store."""
    found = await office.workshop.core.store.read(lambda tx: tx.cmc_clients.by_name(name))
    assert found is not None
    return found


async def stored(office: Office, certificate: x509.Certificate) -> Certificate:
    """Return a certificate's row."""
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    found = await office.workshop.core.store.read(lambda tx: tx.certificates.by_fingerprint(fingerprint))
    assert found is not None
    return found


async def renewed(office: Office, name: str, sender: Sender | None = None) -> Sender:
    """Let the client renew its certificate under a new key; return how it signs then."""
    key = new_key()
    office.workshop.clock.advance(seconds=1)
    read = await office.ask(for_itself(key), sender=sender, product=PRODUCT)
    return signer(office, read.certificate_of(key), key, name)


async def order(office: Office, sender: Sender) -> bool:
    """Whether a certificate can be ordered with this signature."""
    read = await office.ask(request("mail.example.com", key=new_key()), sender=sender)
    if read.full:
        assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    return not read.full


async def test_a_client_renews_its_certificate_under_a_new_key(office: Office) -> None:
    """A client whose certificate ends would need the operator, or lose the old one before it has the new one."""
    before = await registered(office)
    new = await renewed(office, "new")
    assert await order(office, office.sender), "the answer may be lost: the old one is good until the new one is used"
    assert await registered(office) == before
    assert await order(office, new)
    after = await registered(office)
    assert after.certificate == new.certificate.public_bytes(Encoding.DER)
    assert (after.id, after.rights, after.product_ids) == (before.id, before.rights, before.product_ids)
    assert new.certificate.subject == office.sender.certificate.subject
    assert not await order(office, office.sender), "the key before is good no more"


async def test_a_renewal_is_an_order_of_the_clients_own(office: Office) -> None:
    """Whoever stole the key could take the client over, and nobody would see since when, and by which order."""
    new = await renewed(office, "new")
    await order(office, new)
    core, certificate = office.workshop.core, await stored(office, new.certificate)
    placed, latest = await core.store.read(
        lambda tx: (tx.orders.get(certificate.order_id), tx.audit.of_object(office.sender.cmc_client.id, 10))
    )
    assert placed is not None
    assert placed.placed_by == f"cmc-client:{office.sender.cmc_client.id}"
    assert placed.client_id == office.product.client_id
    [record] = [one for one in latest if one.action == "cmc-client.renew"]
    assert record.details["certificate"] == certificate.id


async def test_many_first_messages_take_over_once(office: Office) -> None:
    """A client that begins with several messages at once would have some of them refused."""
    new = await renewed(office, "new")
    messages = [office.signed(pki_data(request(f"{n}.example.com", key=new_key())), new) for n in range(8)]
    answers = await asyncio.gather(*(office.send(message) for message in messages))
    assert not any(read.full for read in answers)
    core = office.workshop.core
    latest = await core.store.read(lambda tx: tx.audit.of_object(office.sender.cmc_client.id, 100))
    assert len([one for one in latest if one.action == "cmc-client.renew"]) == 1


async def test_under_the_same_key_both_certificates_are_good(office: Office) -> None:
    """A client that cannot make keys, or that sends no certificate, would stop when the first one ends."""
    key = key_of(office.sender)
    office.workshop.clock.advance(minutes=4)
    read = await office.ask(for_itself(key), product=PRODUCT)
    new = signer(office, read.certificate_of(key), key, "same")
    assert (await registered(office)).certificate == new.certificate.public_bytes(Encoding.DER)
    for sender in (office.sender, new):
        assert await order(office, sender)
    office.workshop.clock.time = office.sender.certificate.not_valid_after_utc + timedelta(minutes=1)
    content = pki_data(request("mail.example.com", key=new_key()))
    for message, fail_info in (
        (office.signed(content), CmcFailInfo.BAD_IDENTITY),
        (office.signed(content, new), CmcFailInfo.BAD_TIME),  # what is signed now is of another year there, but known
        (office.signed(content, new, "-keyid", "-nocerts"), CmcFailInfo.BAD_TIME),
    ):
        assert (await office.send(message)).only.fail_info == fail_info


async def test_a_client_renews_itself_alone(office: Office) -> None:
    """One client would order the certificate of another, or with another's key, and be taken for it."""
    other = await office.register("other")
    for csr in (for_itself(new_key(), "other"), for_itself(new_key(), ""), for_itself(key_of(other))):
        read = await office.ask(csr, controls=(nonce(),), product=PRODUCT)
        assert read.only.body_list == (1,)
        assert read.only.fail_info in {CmcFailInfo.BAD_REQUEST, CmcFailInfo.NO_KEY_REUSE}
    assert [one.product_name for one in await office.orders()] == []


async def test_certificates_from_elsewhere_are_not_renewed_here(office: Office) -> None:
    """The operator took a certificate of another CA for a client; a message would replace it by one of ours."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "foreign")])
    now = office.workshop.clock.time
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 4711, now, now + timedelta(days=90))
    certificate = builder.sign(key, hashes.SHA256())
    await office.register("foreign", csr=None, certificate=certificate.public_bytes(Encoding.DER))
    sender = signer(office, certificate, key, "foreign")
    assert await order(office, sender)
    read = await office.ask(for_itself(new_key(), "foreign"), sender=sender, product=PRODUCT)
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY


async def test_a_thief_has_renewed_in_vain(office: Office) -> None:
    """Revocation of a stolen certificate, or an end of the client, would leave the thief the one he renewed it by."""
    stolen = await renewed(office, "stolen")
    assert office.sender.cmc_client.certificate_id is not None
    await revoke_by_id(office.workshop.core, office.sender.cmc_client.certificate_id, 1, CONSOLE)
    assert not await order(office, stolen)
    other = await office.register("other")
    for_other = new_key()
    read = await office.ask(for_itself(for_other, "other"), sender=other, product=PRODUCT)
    await disable(office.workshop.core, "other", CONSOLE)
    assert not await order(office, signer(office, read.certificate_of(for_other), for_other, "late"))


async def test_an_earlier_certificate_never_comes_back(office: Office) -> None:
    """An old backup of a client's key would take the client over again."""
    first, second = await renewed(office, "first"), await renewed(office, "second")
    assert await order(office, second)
    assert not await order(office, first)
    third = await renewed(office, "third", second)
    assert await order(office, third)
    for earlier in (office.sender, first, second):
        assert not await order(office, earlier)


async def test_the_catalogue_can_forbid_self_renewal(office: Office) -> None:
    """Rule 77: it is the product's roads that allow it."""
    core = office.workshop.core
    products = await core.store.read(lambda tx: tx.products.all(None))
    product = next(one for one in products if one.name == PRODUCT)
    closed = replace(product, version="closed", roads=frozenset(product.roads) - {"cmc"})
    await core.store.write(lambda tx: tx.products.put(closed))
    read = await office.ask(for_itself(new_key()), product=PRODUCT)
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY


async def held(office: Office, *names: str) -> Sender:
    """Order a certificate for hosts; return how its holder signs."""
    key = new_key()
    certificate = (await office.ask(request(*names, key=key))).certificate_of(key)
    return signer(office, certificate, key, names[0])


async def test_a_holder_renews_exactly_its_certificate(office: Office) -> None:
    """RFC 10002 section 6.3.3: a must for servers; identity controls count nothing then, good or bad."""
    await office.change_product(certificate_linking=True)
    holder = await held(office, "a.example.com", "b.example.com")
    key = new_key()
    csr = request("b.example.com", "a.example.com", key=key)
    read = await office.ask(csr, sender=holder)
    assert not read.full
    new = await stored(office, read.certificate_of(key))
    placed = await office.workshop.core.store.read(lambda tx: tx.orders.get(new.order_id))
    assert placed is not None
    assert placed.placed_by == f"certificate-holder:{(await stored(office, holder.certificate)).id}"
    again = request("a.example.com", "b.example.com", key=key_of(holder))
    controls = (
        IDENTIFICATION,
        proof(again, secret=b"wrong"),
        control(22, octets(bytes(64))),
        control(5, integer(1)),
        nonce(),
    )
    assert (await office.ask(again, controls=controls, sender=holder)).only.status == 0
    await office.change_product(certificate_linking=True, ra_vouches=False)
    assert (await office.ask(csr, controls=(nonce(),), sender=holder)).only.status == 0, (
        "it is not the word of a registration authority"
    )


async def test_a_holder_gets_no_other_names_and_no_other_product(office: Office) -> None:
    """A key of one web server would get certificates for every name."""
    await office.change_product(certificate_linking=True)
    holder = await held(office, "a.example.com")
    before = len(await office.orders())
    for names in (("a.example.com", "b.example.com"), ("b.example.com",)):
        read = await office.ask(request(*names, key=new_key()), sender=holder)
        assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.BAD_REQUEST)
        assert "a.example.com" in read.only.text
    for name, value in (("product", PRODUCT), ("product", "another"), ("account", "gateway-1")):
        message = office.signed(pki_data(request("a.example.com", key=new_key())), holder)
        read = await office.send(message, **{name: value})
        assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert len(await office.orders()) == before


async def test_a_holder_asks_for_nothing_else(office: Office) -> None:
    """Rule 77: what a CMC client may is no right of whoever holds a certificate."""
    await office.change_product(certificate_linking=True)
    holder = await held(office, "a.example.com")
    token = control(21, octets((await office.orders())[0].id.encode()))
    for one in (revocation(holder.certificate), token):
        read = await office.ask(controls=(one, nonce()), sender=holder)
        assert read.only.fail_info in {CmcFailInfo.BAD_CERT_ID, CmcFailInfo.BAD_IDENTITY}
    read = await office.ask(controls=(control(5, integer(1)),), sender=holder)
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    sha1 = office.signed(pki_data(request("a.example.com", key=new_key())), holder, "-md", "sha1")
    assert (await office.send(sha1)).only.fail_info == CmcFailInfo.BAD_ALG


async def test_linking_is_off_unless_the_product_says_so(office: Office) -> None:
    """Rule 77: whoever steals the key of a web server would renew its certificate for ever."""
    holder = await held(office, "a.example.com")
    read = await office.ask(request("a.example.com", key=new_key()), sender=holder)
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    assert len(await office.orders()) == 1


async def test_a_certificate_that_is_no_longer_good_renews_nothing(office: Office) -> None:
    """Rule 74: revoked or ended, or of a Client that is suspended, it would go on for ever."""
    await office.change_product(certificate_linking=True)
    core = office.workshop.core
    revoked, suspended = await held(office, "a.example.com"), await held(office, "b.example.com")
    ended = await held(office, "c.example.com")
    await revoke_by_id(core, (await stored(office, revoked.certificate)).id, 4, CONSOLE)
    assert not await linked(office, revoked, "a.example.com")
    assert await linked(office, suspended, "b.example.com")
    client = await core.store.read(lambda tx: tx.clients.get(office.product.client_id))
    assert client is not None
    for is_suspended in (True, False):
        changed = replaced(client, suspended=is_suspended)
        await core.store.write(lambda tx, changed=changed: tx.clients.save(changed))  # type: ignore[misc]
        assert await linked(office, suspended, "b.example.com") is not is_suspended
    office.workshop.clock.time = ended.certificate.not_valid_after_utc + timedelta(seconds=1)
    assert not await linked(office, ended, "c.example.com")


async def linked(office: Office, holder: Sender, name: str) -> bool:
    """Whether the holder's certificate is renewed."""
    read = await office.ask(request(name, key=new_key()), sender=holder)
    assert not read.full or read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    return not read.full


async def test_a_renewal_is_signed_with_the_dedicated_key_itself(office: Office) -> None:
    """Whom an authority vouches for would get the authority's own certificate; and a leaked secret would last."""
    key, stranger = new_key(), new_key()
    csr = for_itself(key)
    product = control(18, octets(f"product={PRODUCT}".encode()))
    content = pki_data(csr, controls=(IDENTIFICATION, proof(csr), product))
    read = await office.send(self_signed(office, key, content))
    assert read.statuses[0].fail_info == CmcFailInfo.BAD_IDENTITY
    nested = self_signed(office, stranger, pki_data(for_itself(stranger), controls=(product,)))
    answer = await wrap(office, {N: nested}, identity_witness(N))
    assert inner(office, answer).statuses[0].fail_info == CmcFailInfo.BAD_IDENTITY
    bare = await office.send(for_itself(key_of(office.sender)), product=PRODUCT)
    assert bare.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert await office.orders() == []


async def test_no_other_names_by_way_of_an_attribute(office: Office) -> None:
    """RFC 10002 section 7.1: changeSubjectName would give the holder of one name every other."""
    await office.change_product(certificate_linking=True)
    holder = await held(office, "a.example.com")
    subject = holder.certificate.subject
    changed = changing(new_key(), sequence(NAMES), subject=subject, names=("a.example.com",))
    read = await office.ask(changed, sender=holder)
    assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.BAD_REQUEST)
    assert "a.example.com" in read.only.text
    itself = changing(new_key(), sequence(OTHER_SUBJECT))
    read = await office.ask(itself, product=PRODUCT)
    assert read.only.fail_info == CmcFailInfo.BAD_REQUEST
    assert [name.value for one in await office.orders() for name in one.identifiers] == ["a.example.com"]
