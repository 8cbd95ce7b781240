"""Messages made of what others have sent: nothing that their senders did not vouch for may count (rules 73-75)."""

import hashlib
from dataclasses import replace

from asn1crypto import cms
from asn1crypto import core as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from ca_core.model.certificates import RevocationReason
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.revocation.revoke import revoke
from ca_core.validation.reuse import held_authorizations
from gateway.cmc import oids
from gateway.cmc.errors import CmcFailInfo
from tests.cmc.messages import pki_data
from tests.cmc.office import Office, Sender, new_key, nonce, request
from tests.cmc.test_controls import IDENTIFICATION, issued, proof, revocation
from tests.orders.workshop import CONSOLE


def without_signature(content: bytes) -> bytes:
    """Return a SignedData whose only signer is id-alg-noSignature, which needs no key."""
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [oids.CCT_PKI_DATA]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )
    signer = cms.SignerInfo(
        {
            "version": "v3",
            "sid": cms.SignerIdentifier("subject_key_identifier", b"x" * 20),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "1.3.6.1.5.5.7.6.2"},
            "signature": hashlib.sha256(attributes.dump()).digest(),
        }
    )
    encapsulated = cms.EncapsulatedContentInfo({"content_type": oids.CCT_PKI_DATA})
    encapsulated["content"] = asn1.ParsableOctetString(content)
    signed = cms.SignedData(
        {"version": "v3", "digest_algorithms": [], "encap_content_info": encapsulated, "signer_infos": [signer]}
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
