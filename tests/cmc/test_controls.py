"""Controls and the other ways to authenticate: revocation, look-ups, shared secrets, vouching, simple requests."""

import asyncio
import hashlib
import hmac
import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto import core as asn1
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca_core.access.cmc_clients import disable
from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.model.certificates import CertificateStatus
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.cmc_clients import CmcRight
from ca_core.revocation.crl import publish_crl
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls, oids
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from gateway.cmc.front_end import Received
from gateway.cmc.pki_data import parse_pki_data
from gateway.cmc.responder import respond
from tests.cmc import vectors
from tests.cmc.messages import Control, openssl, pki_data, with_attribute
from tests.cmc.office import SECRET, Office, Read, Sender, control, new_key, nonce, octets, request
from tests.cmc.test_cms import authenticated_data
from tests.cmc.test_crmf import message as crmf_message
from tests.orders.workshop import CONSOLE

SHA256 = {"algorithm": "2.16.840.1.101.3.4.2.1"}
HMAC_SHA256 = {"algorithm": "1.2.840.113549.2.9"}
IDENTIFICATION = Control(oid=oids.IDENTIFICATION, values=(asn1.UTF8String("gateway-1").dump(),), body_part_id=900)


def name_of(der: bytes) -> Any:
    """Return a Name for asn1crypto."""
    return asn1_x509.Name.load(der)


def revocation(
    certificate: x509.Certificate, reason: int = 1, passphrase: bytes | None = None, **changes: Any
) -> Control:
    """Return a revokeRequest."""
    fields: dict[str, Any] = {
        "issuer_name": name_of(certificate.issuer.public_bytes()),
        "serial_number": certificate.serial_number,
        "reason": asn1_crl.CRLReason(reason),
        **changes,
    }
    if passphrase is not None:
        fields["passphrase"] = passphrase
    return control(17, asn1_controls.RevokeRequest(fields).dump())


async def issued(office: Office, sender: Sender | None = None) -> x509.Certificate:
    """Order a certificate and return it."""
    key = new_key()
    return (await office.ask(request("mail.example.com", key=key), sender=sender)).certificate_of(key)


async def status_of(office: Office, certificate: x509.Certificate) -> CertificateStatus:
    """Return the state of a certificate in the store."""
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    stored = await office.workshop.core.store.read(lambda tx: tx.certificates.by_fingerprint(fingerprint))
    assert stored is not None
    return stored.status


async def test_whoever_ordered_revokes(office: Office) -> None:
    """RFC 10002 section 6.11: a compromised key would stay good, or be revoked twice."""
    certificate = await issued(office)
    read = await office.ask(controls=(revocation(certificate),))
    assert read.only.status == CmcStatus.SUCCESS
    assert await status_of(office, certificate) is CertificateStatus.REVOKED
    assert (await office.ask(controls=(revocation(certificate),))).only.fail_info == CmcFailInfo.BAD_REQUEST


async def test_the_crl_says_since_when_and_the_log_why(office: Office) -> None:
    """RFC 10002 section 6.11: relying parties could not tell which signatures are old enough, nor operators why."""
    certificate, core = await issued(office), office.workshop.core
    before = certificate.not_valid_before_utc
    for wrong in (before - timedelta(days=1), office.workshop.clock.now() + timedelta(days=1)):
        asked = revocation(certificate, invalidity_date=asn1.GeneralizedTime(wrong))
        read = await office.ask(controls=(asked,))
        assert (read.only.body_list, read.only.fail_info) == ((asked.body_part_id,), CmcFailInfo.BAD_REQUEST)
        assert "invalidityDate" in read.only.text
    since = before + timedelta(minutes=10)
    fields = {"invalidity_date": asn1.GeneralizedTime(since), "comment": "The disk was stolen."}
    assert (await office.ask(controls=(revocation(certificate, **fields),))).only.status == CmcStatus.SUCCESS
    published = await publish_crl(core, office.front_end.issuer_id)
    crl = x509.load_der_x509_crl(published.der)
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == since
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    stored = await core.store.read(lambda tx: tx.certificates.by_fingerprint(fingerprint))
    assert stored is not None
    records = await core.store.read(lambda tx: tx.audit.of_object(stored.id, 10))
    [record] = [one for one in records if one.action == "certificate.revoke"]
    assert record.details["comment"] == "The disk was stolen."
    assert record.details["invalidityDate"] == since.isoformat(timespec="seconds")


async def test_nobody_else_revokes_but_the_registration_authority(office: Office) -> None:
    """Rule 78: one client could end the certificates of another."""
    certificate = await issued(office)
    own = frozenset({CmcRight.ISSUE, CmcRight.REVOKE})
    for name, rights in (("other", own), ("issuer-only", frozenset({CmcRight.ISSUE}))):
        sender = await office.register(name, rights)
        read = await office.ask(controls=(revocation(certificate),), sender=sender)
        assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
        assert await status_of(office, certificate) is CertificateStatus.ISSUED
    authority = await office.register("authority", frozenset({CmcRight.RA, CmcRight.REVOKE}))
    assert (await office.ask(controls=(revocation(certificate),), sender=authority)).only.status == 0


async def test_revocations_that_make_no_sense_are_refused(office: Office) -> None:
    """A reason the CA does not know, or a certificate that is none of ours, would be acknowledged."""
    certificate = await issued(office)
    for wrong, fail_info in (
        (revocation(certificate, reason=6), CmcFailInfo.BAD_REQUEST),
        (revocation(certificate, serial_number=12345), CmcFailInfo.BAD_CERT_ID),
        (revocation(certificate, issuer_name=asn1_x509.Name.build({"common_name": "Other"})), CmcFailInfo.BAD_CERT_ID),
    ):
        read = await office.ask(controls=(wrong, nonce()))
        assert (read.only.body_list, read.only.fail_info) == ((wrong.body_part_id,), fail_info)
    assert await status_of(office, certificate) is CertificateStatus.ISSUED


def unsigned(content: bytes) -> bytes:
    """Return a SignedData without signers."""
    encapsulated = cms.EncapsulatedContentInfo({"content_type": oids.CCT_PKI_DATA})
    encapsulated["content"] = asn1.ParsableOctetString(content)
    signed = cms.SignedData(
        {"version": "v3", "digest_algorithms": [], "encap_content_info": encapsulated, "signer_infos": []}
    )
    der: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return der


async def test_who_ordered_a_certificate_is_not_told_to_anybody(office: Office) -> None:
    """A serial number is public: with it, a message that nobody signed learnt the name of a client that is disabled."""
    certificate = await issued(office)
    await disable(office.workshop.core, "gateway-1", CONSOLE)
    for passphrase in (b"a wrong one", SECRET.encode()):
        asked = pki_data(controls=(revocation(certificate, passphrase=passphrase),))
        read = await office.send(unsigned(asked))
        assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
        assert "gateway-1" not in read.only.text
    assert await status_of(office, certificate) is CertificateStatus.ISSUED


async def test_what_nobody_signed_asks_for_a_few_things(office: Office) -> None:
    """Anybody would make us write two hundred refusals by one small message."""
    certificate = await issued(office)
    asked = tuple(revocation(certificate, passphrase=b"a guess") for _ in range(11))
    read = await office.send(unsigned(pki_data(controls=asked)))
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_REQUEST)
    assert len((await office.send(unsigned(pki_data(controls=asked[1:])))).statuses) == 10


async def test_the_shared_secret_revokes_without_a_signature(office: Office) -> None:
    """A client that lost its key could not revoke; or whoever guesses, or asks for more, would be obeyed."""
    certificate = await issued(office)
    wrong = revocation(certificate, passphrase=b"a wrong one")
    assert (await office.send(unsigned(pki_data(controls=(wrong,))))).only.fail_info == CmcFailInfo.BAD_IDENTITY
    without = revocation(certificate)
    assert (await office.send(unsigned(pki_data(controls=(without,))))).only.fail_info == CmcFailInfo.BAD_IDENTITY
    right = revocation(certificate, passphrase=SECRET.encode())
    more = pki_data(request("b.example.com", key=new_key()), controls=(right,))
    assert (await office.send(unsigned(more))).only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert await status_of(office, certificate) is CertificateStatus.ISSUED
    assert (await office.send(unsigned(pki_data(controls=(right, nonce()))))).only.status == CmcStatus.SUCCESS
    assert await status_of(office, certificate) is CertificateStatus.REVOKED


async def test_certificates_and_crls_are_looked_up(office: Office) -> None:
    """RFC 10002 sections 6.9 and 6.10: the bag of a simple answer, also for Dogtag's spelling of the issuer."""
    certificate = await issued(office)
    issuer = name_of(certificate.issuer.public_bytes())
    spellings = (
        asn1_controls.IssuerName("directory_name", issuer),
        asn1_controls.IssuerName("name", issuer.chosen),
    )
    for issuer_name in spellings:
        value = asn1_controls.GetCert({"issuer_name": issuer_name, "serial_number": certificate.serial_number})
        read = await office.ask(controls=(control(15, value.dump()),))
        assert (read.full, read.certificates) == (False, (certificate,))
    crl = await office.ask(controls=(control(16, asn1_controls.GetCRL({"issuer_name": issuer}).dump()),))
    assert (crl.full, crl.crls) == (False, 1)
    both = (
        control(15, value.dump()),
        control(16, asn1_controls.GetCRL({"issuer_name": issuer}).dump()),
    )
    read = await office.ask(controls=both)
    assert (read.full, read.certificates, read.crls) == (False, (certificate,), 1)
    missing = asn1_controls.GetCert({"issuer_name": spellings[0], "serial_number": 4711})
    assert (await office.ask(controls=(control(15, missing.dump()),))).only.fail_info == CmcFailInfo.BAD_CERT_ID
    blind = await office.register("blind", frozenset({CmcRight.ISSUE}))
    read = await office.ask(controls=(control(15, missing.dump()),), sender=blind)
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY


async def test_crls_are_looked_up_by_time_and_name(office: Office) -> None:
    """RFC 10002 section 6.10: a client that checks an old signature would get a CRL that was not there then."""
    certificate = await issued(office)
    core, clock = office.workshop.core, office.workshop.clock
    crls = []
    for _ in range(3):
        crls.append(await publish_crl(core, office.front_end.issuer_id))
        clock.advance(minutes=1)
    issuer = await core.store.read(lambda tx: tx.issuers.get(office.front_end.issuer_id))
    assert issuer is not None

    async def ask(**fields: Any) -> Read:
        value = asn1_controls.GetCRL({"issuer_name": name_of(certificate.issuer.public_bytes()), **fields})
        return await office.ask(controls=(control(16, value.dump()),))

    def named(read: Read) -> bytes:
        [found] = cms.ContentInfo.load(read.der)["content"]["crls"]
        der: bytes = found.chosen.dump()
        return der

    assert named(await ask(time=asn1.GeneralizedTime(crls[1].this_update))) == crls[0].der, "before, not at, the time"
    assert named(await ask(time=asn1.GeneralizedTime(crls[1].this_update + timedelta(seconds=1)))) == crls[1].der
    at = asn1_x509.GeneralName("uniform_resource_identifier", issuer.crl_url)
    assert named(await ask(crl_name=at)) == crls[2].der
    assert named(await ask(reasons=(0, 1, 1, 1, 1, 1, 1, 1, 1))) == crls[2].der
    ancient = asn1.GeneralizedTime(datetime(2020, 1, 1, tzinfo=UTC))
    other = asn1_x509.GeneralName("uniform_resource_identifier", "http://other.example/crl")
    for fields, fail_info, word in (
        ({"time": ancient}, CmcFailInfo.BAD_CERT_ID, "still kept"),
        ({"crl_name": other}, CmcFailInfo.BAD_CERT_ID, "cRLName"),
        ({"reasons": (0, 1)}, CmcFailInfo.BAD_REQUEST, "partitioned"),
    ):
        read = await ask(**fields)
        assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, fail_info)
        assert word in read.only.text


async def test_certificates_are_confirmed(office: Office) -> None:
    """RFC 10002 section 6.14, also as Dogtag's client writes it; a certificate of nobody cannot be confirmed."""
    certificate = await issued(office)
    issuer = name_of(certificate.issuer.public_bytes())
    for value in (
        asn1_controls.CMCCertId({"issuer": issuer, "serial_number": certificate.serial_number}),
        asn1_controls.WrappedCertId({"issuers": [issuer.chosen], "serial_number": certificate.serial_number}),
    ):
        assert (await office.ask(controls=(control(24, value.dump()),))).only.status == CmcStatus.SUCCESS
    wrong = asn1_controls.CMCCertId({"issuer": issuer, "serial_number": 5})
    assert (await office.ask(controls=(control(24, wrong.dump()),))).only.fail_info == CmcFailInfo.BAD_CERT_ID


def self_signed(office: Office, key: Any, content: bytes, *options: str) -> bytes:
    """Sign a PKIData with the key of its own request, named by its key identifier, without a certificate."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anybody")])

    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = Sender(office.sender.cmc_client, office.folder / "self.pem", office.folder / "self.key")
    files.certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    files.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return office.signed(content, files, "-keyid", "-nocerts", *options)


def proof(*csrs: bytes, secret: bytes = SECRET.encode()) -> Control:
    """Return identityProofV2 over the reqSequence of requests."""
    sequence = parse_pki_data(pki_data(*csrs)).request_sequence
    witness = hmac.digest(hashlib.sha256(secret + b"gateway-1").digest(), sequence, "sha256")
    value = asn1_controls.IdentityProofV2({"proof_alg_id": SHA256, "mac_alg_id": HMAC_SHA256, "witness": witness})
    return control(34, value.dump())


async def test_a_shared_secret_proves_identity(office: Office) -> None:
    """RFC 10002 section 6.2.1: a client without a certificate could not begin, or anybody could."""
    key = new_key()
    csr = request("mail.example.com", key=key)
    for wrong in ((), (IDENTIFICATION,), (IDENTIFICATION, proof(csr, secret=b"another secret"))):
        read = await office.send(self_signed(office, key, pki_data(csr, controls=wrong)))
        assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    other = request("evil.example.com", key=key)
    read = await office.send(self_signed(office, key, pki_data(other, controls=(IDENTIFICATION, proof(csr)))))
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    read = await office.send(self_signed(office, key, pki_data(csr, controls=(IDENTIFICATION, proof(csr)))))
    assert read.certificate_of(key)


async def test_the_old_proof_needs_a_permission(office: Office) -> None:
    """RFC 10004 section 5.1: SHA-1 for those alone whom the operator lets."""
    key = new_key()
    csr = request("mail.example.com", key=key)
    sequence = parse_pki_data(pki_data(csr)).request_sequence
    for name, sha1 in (("new", False), ("old", True)):
        await office.register(name, secret=SECRET, sha1=sha1)
        identification = control(2, asn1.UTF8String(name).dump())
        witness = hmac.digest(hashlib.sha1(SECRET.encode() + name.encode()).digest(), sequence, "sha1")  # noqa: S324
        old = control(3, octets(witness))
        read = await office.send(self_signed(office, key, pki_data(csr, controls=(identification, old))))
        assert read.full is not sha1
        if not sha1:
            assert read.only.fail_info == CmcFailInfo.BAD_ALG


async def test_a_password_authenticates_a_message(office: Office) -> None:
    """RFC 10002 section 3.2: AuthenticatedData, in the place of a signature."""
    key = new_key()
    content = pki_data(request("mail.example.com", key=key), controls=(IDENTIFICATION,))

    def message(secret: bytes) -> bytes:
        data = cms.AuthenticatedData.load(authenticated_data("gateway-1", secret, content))
        der: bytes = cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump()
        return der

    assert (await office.send(message(b"wrong"))).only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK
    assert (await office.send(message(SECRET.encode()))).certificate_of(key)


def linked(random_value: bytes, secret: bytes, key: Any) -> bytes:
    """Return a CSR with a POP link witness."""
    witness = hmac.digest(hashlib.sha256(secret).digest(), random_value, "sha256")
    value = asn1_controls.PopLinkWitnessV2(
        {"key_gen_algorithm": SHA256, "mac_algorithm": HMAC_SHA256, "witness": witness}
    )
    return with_attribute(request("mail.example.com", key=key), key, oids.POP_LINK_WITNESS_V2, value.dump())


async def test_identity_and_possession_are_linked(office: Office) -> None:
    """RFC 10002 section 6.3: a request of somebody else could be put into a message; one without a link refuses all."""
    key, value = new_key(), os.urandom(64)
    shared = control(22, octets(value))
    good = linked(value, SECRET.encode(), key)
    for wrong in (linked(value, b"another", key), request("mail.example.com", key=key)):
        read = await office.ask(good, wrong, controls=(shared, nonce()))
        assert [(one.status, one.body_list) for one in read.statuses] == [(2, (1,)), (2, (2,))]
        assert read.statuses[1].fail_info == CmcFailInfo.POP_FAILED
    assert (await office.ask(good)).only.fail_info == CmcFailInfo.POP_FAILED
    assert await office.orders() == []
    assert not (await office.ask(good, controls=(shared,))).full


async def test_a_registration_authority_vouches_for_possession(office: Office) -> None:
    """Rule 76: without the right, or without the witness, a request that nobody signed would be certified."""
    whole = CertReqMsg.load(crmf_message("mail.example.com"))
    bare = CertReqMsg({"cert_req": whole["cert_req"]})
    witness = asn1_controls.LraPopWitness({"pki_data_body_id": 4711, "body_ids": [7]})

    def message(asked: Any, sender: Sender | None, *controls: Control) -> bytes:
        attributes = [
            {"body_part_id": one.body_part_id, "attr_type": one.oid, "attr_values": [asn1.Any.load(one.values[0])]}
            for one in controls
        ]
        data = structures.PKIData(
            {
                "control_sequence": attributes,
                "req_sequence": [structures.TaggedRequest("crm", asked)],
                "cms_sequence": [],
                "other_msg_sequence": [],
            }
        )
        return office.signed(data.dump(), sender)

    plain = await office.register("plain", frozenset({CmcRight.ISSUE}))
    assert (await office.send(message(bare, None))).only.fail_info == CmcFailInfo.POP_REQUIRED
    vouching = control(11, witness.dump())
    read = await office.send(message(bare, plain, vouching))
    assert (read.only.body_list, read.only.fail_info) == ((vouching.body_part_id,), CmcFailInfo.POP_FAILED)
    assert await office.orders() == []
    assert not (await office.send(message(whole, None))).full
    assert not (await office.send(message(bare, None, vouching))).full


async def test_a_bare_request_is_authenticated_by_what_is_in_it(office: Office) -> None:
    """RFC 10002 section 3.1: anybody could have a certificate; a copy would be a second order."""
    key = new_key()
    read = await office.send(request("mail.example.com", key=key), account="gateway-1")
    assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.BAD_IDENTITY)
    password = (("1.2.840.113549.1.9.7", SECRET.encode()),)
    named = request("mail.example.com", key=key, attributes=password)
    assert (await office.send(named)).only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert (await office.send(named, account="nobody")).only.fail_info == CmcFailInfo.BAD_IDENTITY
    first, again = [await office.send(named, account="gateway-1") for _ in range(2)]
    assert not first.full
    assert first.certificate_of(key) == again.certificate_of(key)
    assert len(await office.orders()) == 1


async def test_a_copied_request_ends_nobody_elses_key(office: Office) -> None:
    """Tenancy, rule 26: whoever saw a request of another Client could order by it, and report its key as his."""
    core, key = office.workshop.core, new_key()
    await core.store.write(
        lambda tx: tx.clients.add(
            Client(id="cli-o", name="other", settings=ClientSettings(cmc=True), created_at=core.sources.now())
        )
    )
    product = replace(office.product, id="prd-o", name="other", client_id="cli-o", version="other-1")
    await core.store.write(lambda tx: tx.products.put(product))
    other = await office.register("other", client_id="cli-o", product_ids=(product.id,))
    csr = request("mail.example.com", key=key)
    certificate, copied = [
        (await office.ask(csr, controls=(nonce(),), sender=sender)).certificate_of(key) for sender in (None, other)
    ]
    read = await office.ask(controls=(revocation(copied, 1), nonce()), sender=other)
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_REQUEST)
    assert await status_of(office, certificate) is CertificateStatus.ISSUED
    read = await office.ask(controls=(revocation(copied, 4), nonce()), sender=other)
    assert read.only.status == CmcStatus.SUCCESS
    assert (await office.ask(controls=(revocation(certificate, 1), nonce()))).only.status == CmcStatus.SUCCESS


async def test_copies_of_a_bare_request_that_come_at_once_are_one_order(office: Office) -> None:
    """Rule 75: nothing in it says that it is a copy, so whoever sent it a hundred times got a hundred certificates."""
    csr = request("mail.example.com", key=new_key(), attributes=(("1.2.840.113549.1.9.7", SECRET.encode()),))
    received = Received(body=csr, address="192.0.2.1", parameters={"account": "gateway-1"})
    answers = await asyncio.gather(*(respond(office.front_end, received) for _ in range(20)))
    assert len(await office.orders()) == 1
    statuses = {status.status for answer in answers for status in answer.statuses}
    assert statuses <= {CmcStatus.SUCCESS, CmcStatus.PENDING}
    assert not (await office.send(csr, account="gateway-1")).full


async def test_windows_clients_get_the_status_they_read(office: Office) -> None:
    """Certreq knows the older status control alone, and its own control must be recognised."""
    [found] = parse_pki_data(vectors.pki_data(vectors.WINDOWS)).of_type(oids.MICROSOFT_ADD_ATTRIBUTES)
    attributes = Control(oid=found.oid, values=found.values, body_part_id=55)
    read = await office.ask(request("mail.example.com", key=new_key()), controls=(attributes, nonce()))
    assert read.only.status == CmcStatus.SUCCESS
    assert oids.STATUS_INFO in read.controls
    for value in (b"\x30\x00", found.values[0].replace(b"\x06\x09\x2b", b"\x04\x09\x2b", 1)):
        broken = Control(oid=found.oid, values=(value,), body_part_id=56)
        read = await office.ask(request("mail.example.com", key=new_key()), controls=(broken, nonce()))
        assert (read.only.body_list, read.only.fail_info) == ((56,), CmcFailInfo.BAD_REQUEST)
    assert len(await office.orders()) == 1


@pytest.mark.parametrize("seed", range(4))
async def test_mutated_messages_get_an_answer_and_no_certificate(office: Office, seed: int) -> None:
    """Fault F11: an exception would be a 500, and a message that verifies by chance an order."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    genuine = [office.signed(pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),)))]
    genuine += [vectors.message(name) for name in vectors.NAMES]
    for _ in range(150):
        message = bytearray(chance.choice(genuine))
        for _ in range(chance.randint(1, 8)):
            match chance.randint(0, 3):
                case 0:
                    message[chance.randrange(len(message))] = chance.randrange(256)
                case 1:
                    del message[chance.randrange(len(message)) :]
                    message += b"\x00"
                case 2:
                    at = chance.randrange(len(message))
                    message[at:at] = message[at : at + chance.randint(1, 40)]
                case _:
                    message[chance.randrange(len(message))] ^= 1 << chance.randrange(8)
        answer = await respond(office.front_end, Received(body=bytes(message), address="192.0.2.1"))
        assert not answer.certs_only or bytes(message) in genuine
    orders = await office.orders()
    assert len(orders) <= 1, "the genuine message may have survived a mutation of what is not signed"
    if orders:
        assert [name.value for name in orders[0].identifiers] == ["mail.example.com"]


async def test_sha1_is_permitted_to_some_and_noted(office: Office) -> None:
    """RFC 10004 section 5.1: a collision would change a message, and nobody would know who has to move on."""
    core = office.workshop.core
    for name, sha1 in (("modern", False), ("legacy", True)):
        sender = await office.register(name, sha1=sha1)
        message = office.signed(pki_data(request(f"{name}.example.com", key=new_key())), sender, "-md", "sha1")
        read = await office.send(message)
        assert read.full is not sha1
        if not sha1:
            assert read.only.fail_info == CmcFailInfo.BAD_ALG
        stored = await core.store.read(lambda tx, name=name: tx.cmc_clients.by_name(name))  # type: ignore[misc]
        assert stored is not None
        assert (stored.sha1_used_at is not None) is sha1
    key = new_key()
    csr = request("mail.example.com", key=key)
    content = pki_data(csr, controls=(IDENTIFICATION, proof(csr)))
    read = await office.send(self_signed(office, key, content, "-md", "sha1"))
    assert read.only.fail_info == CmcFailInfo.BAD_ALG


def test_openssl_is_the_other_side() -> None:
    """The messages of these tests would be made by the code they test."""
    assert openssl("version").startswith(b"OpenSSL")
