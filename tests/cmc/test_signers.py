"""Messages with several signers, as Windows sends them when it enrols on behalf of somebody (rule 73)."""

import hashlib
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from gateway.cmc import asn1_controls, oids
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from gateway.cmc.pki_data import parse_pki_data
from tests.cmc import vectors
from tests.cmc.messages import Control, pki_data, without_signature
from tests.cmc.office import Office, Sender, control, new_key, nonce, request
from tests.cmc.test_cms import identity

[FOUND] = parse_pki_data(vectors.pki_data(vectors.WINDOWS)).of_type(oids.MICROSOFT_ADD_ATTRIBUTES)
WINDOWS = Control(oid=FOUND.oid, values=FOUND.values, body_part_id=55)
ISSUER_AND_SERIAL = cms.SignerIdentifier(
    "issuer_and_serial_number", {"issuer": asn1_x509.Name.build({"common_name": "Dummy Signer"}), "serial_number": 0}
)


def dummy(content: bytes, sid: cms.SignerIdentifier = ISSUER_AND_SERIAL) -> cms.SignerInfo:
    """Return a SignerInfo without a signature (id-alg-noSignature)."""
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [oids.CCT_PKI_DATA]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )
    return cms.SignerInfo(
        {
            "version": "v1" if sid.name == "issuer_and_serial_number" else "v3",
            "sid": sid,
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "1.3.6.1.5.5.7.6.2"},
            "signature": hashlib.sha256(attributes.dump()).digest(),
        }
    )


def beside(message: bytes, *signers: cms.SignerInfo) -> bytes:
    """Return a signed message with further signers."""
    content = cms.ContentInfo.load(message)
    content["content"]["signer_infos"] = cms.SignerInfos([*content["content"]["signer_infos"], *signers])
    der: bytes = content.dump(force=True)
    return der


def signed_by(office: Office, content: bytes, *others: Sender | Any) -> bytes:
    """Sign by the office's client and others, each named by the identifier of its key, without certificates."""
    options: list[str] = ["-keyid", "-nocerts"]
    for other in others:
        options += ["-signer", str(other.certificate_file), "-inkey", str(other.key_file)]
    return office.signed(content, None, *options)


async def test_windows_enrols_on_behalf_of_somebody(office: Office) -> None:
    """The agent signs, and with it the request's own key, or "Dummy Signer", who signs nothing: neither was served."""
    holder = identity(office.folder, new_key(), "holder")
    content = pki_data(request("a.example.com", key=holder.key), controls=(WINDOWS, nonce()))
    read = await office.send(signed_by(office, content, holder))
    assert read.certificate_of(holder.key)
    key = new_key()
    content = pki_data(request("b.example.com", key=key), controls=(WINDOWS, nonce()))
    assert (await office.send(beside(office.signed(content), dummy(content)))).certificate_of(key)
    placed = {order.placed_by for order in await office.orders()}
    assert placed == {f"cmc-client:{office.sender.cmc_client.id}"}


async def test_a_dummy_signer_signs_for_nobody(office: Office) -> None:
    """Anybody can write one: alone, twice, with another content, or with the name of a client, it would order."""
    content = pki_data(request("a.example.com", key=new_key()))
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(office.sender.certificate.public_key()).digest
    named = dummy(content, cms.SignerIdentifier("subject_key_identifier", key_identifier))
    alone = cms.ContentInfo.load(office.signed(content))
    for signers in ([dummy(content)], [named], [dummy(content), named]):
        alone["content"]["signer_infos"] = cms.SignerInfos(signers)
        read = await office.send(alone.dump(force=True))
        assert read.only.fail_info in {CmcFailInfo.BAD_IDENTITY, CmcFailInfo.BAD_MESSAGE_CHECK}
    read = await office.send(beside(office.signed(content), dummy(pki_data())))
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_MESSAGE_CHECK)
    assert await office.orders() == []


async def test_every_signer_counts(office: Office) -> None:
    """A message would be obeyed that somebody else has signed, too, or of which one signature is wrong."""
    content = pki_data(request("a.example.com", key=new_key()))
    other = await office.register("other")
    read = await office.send(signed_by(office, content, other))
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_IDENTITY)
    stranger = identity(office.folder, new_key(), "stranger")
    assert (await office.send(signed_by(office, content, stranger))).only.fail_info == CmcFailInfo.BAD_MESSAGE_CHECK
    holder = identity(office.folder, new_key(), "holder")
    content = pki_data(request("a.example.com", key=holder.key))
    message = cms.ContentInfo.load(signed_by(office, content, holder))
    broken = message["content"]["signer_infos"][1]
    broken["signature"] = broken["signature"].native[:-1] + bytes([broken["signature"].native[-1] ^ 1])
    read = await office.send(message.dump(force=True))
    assert (read.only.body_list, read.only.fail_info) == ((0,), CmcFailInfo.BAD_MESSAGE_CHECK)
    crowd = beside(office.signed(content), *[dummy(content)] * 4)
    assert (await office.send(crowd)).only.fail_info == CmcFailInfo.BAD_REQUEST
    assert await office.orders() == []


@pytest.mark.parametrize("algorithm", ["1.3.6.1.5.5.7.6.2", "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"])
async def test_a_request_that_nobody_signed_needs_a_word(office: Office, algorithm: str) -> None:
    """Rule 76: Windows sends "null signed" requests for keys that cannot sign; an authority has to vouch for them."""
    key = new_key()
    csr = without_signature(request("a.example.com", key=key), algorithm)
    read = await office.ask(csr, controls=(nonce(),))
    assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (1,))
    assert read.only.fail_info == CmcFailInfo.POP_REQUIRED
    assert await office.orders() == []
    witness = control(11, asn1_controls.LraPopWitness({"pki_data_body_id": 0, "body_ids": [1]}).dump())
    assert (await office.ask(csr, controls=(witness,))).certificate_of(key)
