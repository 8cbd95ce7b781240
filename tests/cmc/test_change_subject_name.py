"""changeSubjectName: other names than the signer's, in a request that names him (RFC 10002 section 7.1)."""

from typing import Any

import pytest
from asn1crypto import core as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.certificates import crmf_asn1
from gateway.cmc import oids
from gateway.cmc.errors import CmcFailInfo, CmcStatus
from tests.cmc.messages import pki_data, with_attribute
from tests.cmc.office import Office, new_key, nonce
from tests.cmc.test_controls import IDENTIFICATION, proof, self_signed
from tests.cmc.test_crmf import ECDSA_SHA256
from tests.cmc.test_crmf import request as crmf_request
from tests.cmc.test_encrypted_pop import message

OWN = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway-1")])
"""The subject of the client's dedicated certificate."""

NAMES = asn1_x509.GeneralNames([asn1_x509.GeneralName("dns_name", "new.example.com")]).dump()
TAGGED = b"\xa1" + NAMES[1:]
SUBJECT = asn1_x509.Name.build({"common_name": "new.example.com"}).dump()
OTHER_SUBJECT = asn1_x509.Name.build({"common_name": "Not a host"}).dump()


def sequence(*members: bytes) -> bytes:
    """Return a SEQUENCE."""
    content = b"".join(members)
    assert len(content) < 128
    return bytes([0x30, len(content)]) + content


def changing(key: Any, *values: bytes, subject: x509.Name = OWN, names: tuple[str, ...] = ()) -> bytes:
    """Return a CSR with the attribute changeSubjectName."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        general = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(general, critical=False)
    csr = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return with_attribute(csr, key, oids.CHANGE_SUBJECT_NAME, *values)


def names_in(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names of a certificate."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize(
    "value",
    [sequence(TAGGED), sequence(NAMES), sequence(SUBJECT), sequence(OTHER_SUBJECT, TAGGED)],
    ids=["names", "names as RFC 6402 has them", "subject", "both"],
)
async def test_the_names_wanted_are_certified(office: Office, value: bytes) -> None:
    """A client that signs with its certificate could not ask for other names in the way the standard has for it."""
    key = new_key()
    read = await office.ask(changing(key, value))
    assert names_in(read.certificate_of(key)) == ["new.example.com"]
    [order] = await office.orders()
    assert [name.value for name in order.identifiers] == ["new.example.com"]
    assert "changed its names" in order.comment


async def test_crmf_requests_change_names_too(office: Office) -> None:
    """The same in a control of a CRMF request."""
    key = new_key()
    control = {"type": oids.CHANGE_SUBJECT_NAME, "value": asn1.Any.load(sequence(TAGGED))}
    subject = asn1_x509.Name.load(OWN.public_bytes())
    asked = crmf_request(key=key, controls=[control], subject=subject, extensions=None)
    signature = key.sign(asked.dump(), ec.ECDSA(hashes.SHA256()))
    popo = crmf_asn1.ProofOfPossession("signature", {"algorithm_identifier": ECDSA_SHA256, "signature": signature})
    der = crmf_asn1.CertReqMsg({"cert_req": asked, "popo": popo}).dump()
    read = await office.send(message(office, der, controls=(nonce(),)))
    assert read.only.status == CmcStatus.SUCCESS
    assert names_in(read.certificate_of(key)) == ["new.example.com"]


async def test_the_request_names_its_signer(office: Office) -> None:
    """RFC 10002 section 7.1: identity and possession would not be linked, and anybody's request could be put in."""
    somebody = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    other = await office.register("other")
    for csr, sender in (
        (changing(new_key(), sequence(TAGGED), subject=somebody), None),
        (changing(new_key(), sequence(TAGGED), names=("gateway-1",)), None),
        (changing(new_key(), sequence(TAGGED)), other),
    ):
        read = await office.ask(csr, controls=(nonce(),), sender=sender)
        assert (read.only.status, read.only.body_list) == (CmcStatus.FAILED, (1,))
        assert read.only.fail_info == CmcFailInfo.BAD_IDENTITY
        assert "changeSubjectName" in read.only.text
    assert await office.orders() == []


async def test_a_certificate_signs_the_message(office: Office) -> None:
    """By a shared secret there is no certificate whose names could be the request's."""
    key = new_key()
    csr = changing(key, sequence(TAGGED))
    read = await office.send(self_signed(office, key, pki_data(csr, controls=(IDENTIFICATION, proof(csr)))))
    assert (read.only.body_list, read.only.fail_info) == ((1,), CmcFailInfo.BAD_IDENTITY)
    assert await office.orders() == []


@pytest.mark.parametrize(
    "values",
    [
        (sequence(),),
        (sequence(TAGGED, TAGGED),),
        (sequence(TAGGED, SUBJECT),),
        (sequence(b"\x05\x00"),),
        (b"\x05\x00",),
        (sequence(TAGGED), sequence(SUBJECT)),
    ],
    ids=["empty", "names twice", "names first", "null inside", "null", "two values"],
)
async def test_what_is_no_change_is_refused(office: Office, values: tuple[bytes, ...]) -> None:
    """A change that nobody understands would be disregarded, and the signer's own names certified."""
    read = await office.ask(changing(new_key(), *values), controls=(nonce(),))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_REQUEST)
    assert await office.orders() == []


async def test_the_policy_decides_about_the_names(office: Office) -> None:
    """A name that the product does not take would come in by this door."""
    wild = asn1_x509.GeneralNames([asn1_x509.GeneralName("dns_name", "*.example.com")]).dump()
    read = await office.ask(changing(new_key(), sequence(b"\xa1" + wild[1:])), controls=(nonce(),))
    assert (read.only.status, read.only.fail_info) == (CmcStatus.FAILED, CmcFailInfo.BAD_REQUEST)
    assert "wildcard" in read.only.text
