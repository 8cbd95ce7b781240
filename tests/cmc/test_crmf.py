"""CRMF requests: what RFC 4211 messages ask for, and what shows that their key is the requester's."""

from typing import Any

import pytest
from asn1crypto import core, x509
from asn1crypto.algos import AlgorithmIdentifier
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.certificates import crmf_asn1
from ca_core.certificates.crmf import parse_request
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import ProofOfPossession
from gateway.cmc.pki_data import Crmf, parse_pki_data
from tests.cmc import vectors
from tests.orders.workshop import csr

ECDSA_SHA256 = AlgorithmIdentifier({"algorithm": "1.2.840.10045.4.3.2"})
KEY = ec.generate_private_key(ec.SECP256R1())


def spki(key: Any = KEY) -> crmf_asn1.SubjectPublicKeyInfo:
    """Return the public key of ``key``."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    info: crmf_asn1.SubjectPublicKeyInfo = crmf_asn1.SubjectPublicKeyInfo.load(der)
    return info


def request(*names: str, key: Any = KEY, controls: Any = None, **template: Any) -> crmf_asn1.CertRequest:
    """Return a CertRequest for DNS names."""
    general = x509.GeneralNames([x509.GeneralName("dns_name", name) for name in names])
    fields = {
        "subject": x509.Name.build({}),
        "public_key": spki(key),
        "extensions": [{"extn_id": "2.5.29.17", "critical": True, "extn_value": general.dump()}],
        **template,
    }
    content: dict[str, Any] = {"cert_req_id": 7, "cert_template": {k: v for k, v in fields.items() if v is not None}}
    return crmf_asn1.CertRequest(content | ({"controls": controls} if controls else {}))


def signed(asked: crmf_asn1.CertRequest, signature: bytes, algorithm: Any = ECDSA_SHA256, **fields: Any) -> bytes:
    """Return the CertReqMsg with a proof of possession by signature."""
    popo = crmf_asn1.ProofOfPossession("signature", {"algorithm_identifier": algorithm, "signature": signature})
    der: bytes = crmf_asn1.CertReqMsg({"cert_req": asked, "popo": popo, **fields}).dump()
    return der


def message(*names: str, **changes: Any) -> bytes:
    """Return a good CertReqMsg, changed."""
    asked = request(*names, **changes)
    return signed(asked, KEY.sign(asked.dump(), ec.ECDSA(hashes.SHA256())))


def refusal(der: bytes, possession: ProofOfPossession = ProofOfPossession.SIGNATURE) -> ErrorKind:
    """Return why the request is refused."""
    with pytest.raises(TriviumError) as error:
        parse_request(der, possession)
    return error.value.kind


def test_a_template_says_what_a_csr_says() -> None:
    """A CRMF request would be certified for other names, or another key, than it asks for."""
    der = message("www.example.com", "example.com")
    parsed = parse_request(der, ProofOfPossession.SIGNATURE)
    assert {name.value for name in parsed.names} == {"www.example.com", "example.com"}
    assert parsed.public_key == KEY.public_key()
    assert parsed.spki in parsed.pkcs10
    assert parsed.der == der


def test_both_formats_are_told_apart() -> None:
    """A CSR taken for a CRMF request is refused, and the other way round."""
    parsed = parse_request(csr("www.example.com"), ProofOfPossession.SIGNATURE)
    assert parsed.names == {Identifier(type=IdentifierType.DNS, value="www.example.com")}
    assert parsed.der == parsed.pkcs10


def test_rsa_keys_prove_possession_too() -> None:
    """A mail gateway with an RSA key could not use CRMF."""
    key = rsa.generate_private_key(65537, 2048)
    asked = request("www.example.com", key=key)
    sha256_rsa = AlgorithmIdentifier({"algorithm": "1.2.840.113549.1.1.11", "parameters": core.Null()})
    der = signed(asked, key.sign(asked.dump(), padding.PKCS1v15(), hashes.SHA256()), sha256_rsa)
    assert parse_request(der, ProofOfPossession.SIGNATURE).public_key == key.public_key()


def test_a_signature_by_another_key_proves_nothing() -> None:
    """Whoever knows a public key could have it certified as his own (rule 76)."""
    asked = request("www.example.com")
    other = ec.generate_private_key(ec.SECP256R1()).sign(asked.dump(), ec.ECDSA(hashes.SHA256()))
    assert refusal(signed(asked, other)) is ErrorKind.POP_FAILED


def test_without_possession_nothing_is_taken() -> None:
    """The same, without even a signature: the vectors of a registration authority, and raVerified by anybody."""
    for vector in vectors.CRMF:
        [found] = parse_pki_data(vectors.pki_data(vector)).requests
        assert isinstance(found, Crmf)
        assert refusal(found.der) is ErrorKind.POP_REQUIRED
        assert parse_request(found.der, ProofOfPossession.VERIFIED).common_name
    verified = crmf_asn1.ProofOfPossession("ra_verified", core.Null())
    der = crmf_asn1.CertReqMsg({"cert_req": request("www.example.com"), "popo": verified}).dump()
    assert refusal(der) is ErrorKind.POP_FAILED
    assert parse_request(der, ProofOfPossession.VERIFIED).names


def test_keys_for_encryption_need_a_challenge() -> None:
    """A key that cannot sign would be taken without a proof."""
    popo = crmf_asn1.ProofOfPossession("key_encipherment", crmf_asn1.POPOPrivKey("subsequent_message", 1))
    der = crmf_asn1.CertReqMsg({"cert_req": request("www.example.com"), "popo": popo}).dump()
    assert refusal(der) is ErrorKind.POP_REQUIRED


@pytest.mark.parametrize("field", [{"subject": None}, {"public_key": None}, {"serial_number": 5}], ids=str)
def test_templates_are_complete_and_no_more(field: dict[str, Any]) -> None:
    """RFC 10002 section 3.2.1.2.2: subject and publicKey MUST be present; the serial number is the CA's."""
    asked = request("www.example.com", **field)
    assert refusal(signed(asked, b"")) is ErrorKind.BAD_CSR


@pytest.mark.parametrize("control", ["1.3.6.1.5.5.7.5.1.1", "1.3.6.1.5.5.7.5.1.2", "1.3.6.1.5.5.7.5.1.4"])
def test_forbidden_controls_are_refused(control: str) -> None:
    """RFC 10002: regToken and authenticator MUST NOT be used, and no private key is to be archived."""
    assert refusal(message("a.example.com", controls=[{"type": control, "value": core.Null()}])) is ErrorKind.BAD_CSR


def test_the_reg_info_field_is_refused() -> None:
    """RFC 10002 section 3.2.1.2.2: "the regInfo field MUST NOT be used"."""
    asked = request("www.example.com")
    info = [{"type": "1.2.3", "value": core.Null()}]
    assert refusal(signed(asked, KEY.sign(asked.dump(), ec.ECDSA(hashes.SHA256())), reg_info=info)) is ErrorKind.BAD_CSR
