"""Messages made of what others have sent: nothing that their senders did not vouch for may count (rules 73-75)."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto import core as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.model.certificates import RevocationReason
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import ProofOfPossession
from ca_core.revocation.revoke import revoke
from ca_core.validation.reuse import held_authorizations
from gateway.cmc import asn1 as structures
from gateway.cmc import asn1_controls, authenticate, oids
from gateway.cmc.errors import CmcFailInfo
from tests.cmc.messages import Control, pki_data
from tests.cmc.office import SECRET, Office, Sender, control, new_key, nonce, request
from tests.cmc.test_cms import authenticated_data
from tests.cmc.test_controls import IDENTIFICATION, issued, proof, revocation
from tests.orders.workshop import CONSOLE

HUGE = 1 << 8 * 2098
REFERENCE = {"cert_references": [HUGE]}


def attributes_of(content: bytes, signing_time: datetime | None = None) -> cms.CMSAttributes:
    """Return signed attributes."""
    attributes: list[dict[str, Any]] = [
        {"type": "content_type", "values": [oids.CCT_PKI_DATA]},
        {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
    ]
    if signing_time is not None:
        attributes.append({"type": "signing_time", "values": [cms.Time({"utc_time": asn1.UTCTime(signing_time)})]})
    return cms.CMSAttributes(attributes)


def signer_info(attributes: cms.CMSAttributes, identifier: bytes, algorithm: str, signature: bytes) -> cms.SignerInfo:
    """Return a signer that is named by its key identifier."""
    return cms.SignerInfo(
        {
            "version": "v3",
            "sid": cms.SignerIdentifier("subject_key_identifier", identifier),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": algorithm},
            "signature": signature,
        }
    )


def self_signer(
    content: bytes, key: ec.EllipticCurvePrivateKey, signing_time: datetime | None = None
) -> cms.SignerInfo:
    """Return the signer that the key of a request is."""
    attributes = attributes_of(content, signing_time)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    signature = key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
    return signer_info(attributes, identifier, "sha256_ecdsa", signature)


def without_signature(content: bytes) -> bytes:
    """Return a SignedData whose only signer is id-alg-noSignature, which needs no key."""
    attributes = attributes_of(content)
    digest = hashlib.sha256(attributes.dump()).digest()
    return signed_by(content, signer_info(attributes, b"x" * 20, "1.3.6.1.5.5.7.6.2", digest))


def signed_by(content: bytes, *signers: cms.SignerInfo) -> bytes:
    """Return a SignedData with these signers and no certificates."""
    encapsulated = cms.EncapsulatedContentInfo({"content_type": oids.CCT_PKI_DATA})
    encapsulated["content"] = asn1.ParsableOctetString(content)
    signed = cms.SignedData(
        {"version": "v3", "digest_algorithms": [], "encap_content_info": encapsulated, "signer_infos": signers}
    )
    der: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return der


async def test_a_captured_identity_proof_serves_no_other_message(office: Office) -> None:
    """The proof is over the requests alone: whoever saw one could revoke and order in the client's name."""
    certificate = await issued(office)
    csr = request("a.example.com", key=new_key())
    before = len(await office.orders())
    evil = pki_data(csr, controls=(IDENTIFICATION, proof(csr), revocation(certificate), nonce()))
    read = await office.send(without_signature(evil))
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert len(await office.orders()) == before


async def test_a_copy_in_another_wrapping_counts_once(office: Office) -> None:
    """A message without a nonce could be sent again with one more certificate beside it (rule 75)."""
    message = office.signed(pki_data(request("a.example.com", key=new_key())))
    assert not (await office.send(message)).full
    content = cms.ContentInfo.load(message)
    root = x509.load_pem_x509_certificate((office.folder / "root.pem").read_bytes()).public_bytes(Encoding.DER)
    content["content"]["certificates"].append(cms.CertificateChoices.load(root))
    again = content.dump(force=True)
    assert again != message
    assert (await office.send(again)).only.status == 2
    assert len(await office.orders()) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        control(27, asn1.Integer(HUGE).dump()),
        control(28, structures.BodyPartList([HUGE]).dump()),
        control(8, asn1_controls.AddExtensions(REFERENCE | {"pki_data_reference": 0, "extensions": []}).dump()),
        control(
            31,
            asn1_controls.ModCertTemplate(
                REFERENCE | {"pki_data_reference": [0], "cert_template": {"version": 2}}
            ).dump(),
        ),
        control(35, structures.BodyPartPath([HUGE, 1]).dump()),
    ],
    ids=["authData", "batchRequests", "addExtensions", "modCertTemplate", "raIdentityWitness"],
)
async def test_numbers_that_are_no_body_part_ids_are_bad_requests(office: Office, hostile: Control) -> None:
    """Python writes no number of more than 4,300 digits, so the sentence that refuses one was an internal error."""
    read = await office.ask(request("a.example.com", key=new_key()), controls=(hostile, nonce()))
    assert (read.only.body_list, read.only.fail_info) == ((hostile.body_part_id,), CmcFailInfo.BAD_REQUEST)


async def test_a_salt_from_elsewhere_is_refused(office: Office) -> None:
    """RFC 8018 leaves room for it, and nobody has said what it would be: it was an internal error."""
    der = authenticated_data("gateway-1", SECRET.encode(), pki_data(controls=(IDENTIFICATION,)))
    start = cms.AuthenticatedData.load(der)["recipient_infos"][0].chosen["key_derivation_algorithm"]["parameters"]
    salt = start["salt"].dump()
    other = bytes.fromhex("301006072a03040506070804050102030405")
    assert len(other) == len(salt)
    data = cms.AuthenticatedData.load(der.replace(salt, other))
    read = await office.send(cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump())
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_ALG)


async def test_each_request_is_read_once_however_many_sign(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody would make us read a hundred requests four times over before a signature is known to be somebody's."""
    keys = [new_key() for _ in range(4)]
    content = pki_data(*(request("a.example.com", key=key) for key in keys))
    signers = [self_signer(content, key) for key in reversed(keys)]
    read: list[bytes] = []

    def counted(der: bytes, possession: ProofOfPossession) -> ParsedCsr:
        read.append(der)
        return parse_request(der, possession)

    monkeypatch.setattr(authenticate, "parse_request", counted)
    answer = await office.send(signed_by(content, *signers))
    assert answer.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert "Nothing says who sends the message" in answer.only.text
    assert len(read) == len(set(read)) == len(keys)


async def test_a_copy_with_a_signer_less_counts_once(office: Office) -> None:
    """Rule 75: of two request keys that signed at two times, the second alone would have made another message of it."""
    keys = [new_key(), new_key()]
    csrs = [request(f"{name}.example.com", key=key) for name, key in zip("ab", keys, strict=True)]
    content = pki_data(*csrs, controls=(IDENTIFICATION, proof(*csrs)))
    now = office.workshop.clock.time.replace(microsecond=0)
    signers = [self_signer(content, key, now - timedelta(seconds=past)) for past, key in enumerate(keys)]
    assert not (await office.send(signed_by(content, *signers))).full
    for less in signers:
        assert "replay" in (await office.send(signed_by(content, less))).only.text
    assert len(await office.orders()) == 2


async def test_no_other_certificate_of_a_revoked_clients_key_signs(office: Office) -> None:
    """A client locked out by revocation could go on with a certificate it had ordered for the same key (rule 74)."""
    client = office.sender
    key = load_pem_private_key(client.key_file.read_bytes(), None)
    ordered = (await office.ask(request("a.example.com", key=key))).certificate_of(key)
    assert client.cmc_client.certificate is not None
    await revoke(office.workshop.core, client.cmc_client.certificate, RevocationReason.CESSATION_OF_OPERATION, CONSOLE)
    other = office.folder / "ordered.pem"
    other.write_bytes(ordered.public_bytes(Encoding.PEM))
    read = await office.ask(
        request("b.example.com", key=new_key()), sender=Sender(client.cmc_client, other, client.key_file)
    )
    assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
    assert len(await office.orders()) == 1


async def test_what_an_authority_vouched_for_serves_no_other_order(office: Office) -> None:
    """An ACME account of the same Client would get a certificate for a name nobody has shown control of (rule 50)."""
    await office.ask(request("a.example.com", key=new_key()))
    product = replace(office.product, policy=replace(office.product.policy, reuse_authorizations=True))
    name = Identifier(type=IdentifierType.DNS, value="a.example.com")
    core = office.workshop.core
    assert await core.store.read(lambda tx: held_authorizations(core, tx, product, None, (name,))) == {}
