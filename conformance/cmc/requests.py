"""Certification requests: PKCS #10 by the cryptography package, CRMF by pyasn1-modules, good or wrong on purpose."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyasn1.type import univ
from pyasn1_alt_modules import rfc2986, rfc4211, rfc5280, rfc5652, rfc6402

from conformance.cmc.clients.pyasn1 import decoded, encoded
from conformance.cmc.model import Secret

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_SUBJECT_ALT_NAME = "2.5.29.17"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def csr(
    key: Key,
    *names: str,
    subject: x509.Name | None = None,
    extensions: Iterable[x509.UnrecognizedExtension] = (),
    attributes: Iterable[tuple[str, bytes]] = (),
) -> bytes:
    """Return a PKCS #10 request (DER) for DNS names, with an empty subject unless one is given.

    ``extensions`` are critical ones beside subjectAltName; ``attributes`` are types in dotted form and values in DER.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject or x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return _with_attributes(der, key, list(attributes)) if attributes else der


def _with_attributes(der: bytes, key: Key, attributes: list[tuple[str, bytes]]) -> bytes:
    request = decoded(der, rfc2986.CertificationRequest())
    info = request["certificationRequestInfo"]
    for oid, value in attributes:
        attribute = rfc2986.Attribute()
        attribute["type"] = oid
        attribute["values"].append(value)
        info["attributes"].append(attribute)
    request["signature"] = univ.BitString.fromOctetString(sign(key, encoded(info)))
    return encoded(request)


def sign(key: Key, data: bytes) -> bytes:
    """Sign with SHA-256."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def crmf(
    key: Key,
    *names: str,
    number: int = 1,
    possession: bool = True,
    public_key: bool = True,
    controls: Iterable[tuple[str, bytes]] = (),
    reg_info: Iterable[tuple[str, bytes]] = (),
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Return a CertReqMsg (DER) for DNS names.

    ``number`` is its certReqId. ``possession`` is shown by a signature of ``signer``, the key itself by default.
    """
    message = rfc4211.CertReqMsg()
    asked = message["certReq"]
    asked["certReqId"] = number
    template = asked["certTemplate"]
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    template["subject"]["rdnSequence"] = decoded(subject.public_bytes(), rfc5280.Name())["rdnSequence"]
    if public_key:
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        info = decoded(spki, rfc5280.SubjectPublicKeyInfo())
        for name in info:
            template["publicKey"][name] = info[name]
    alternative = x509.SubjectAlternativeName(list(map(x509.DNSName, names))).public_bytes()
    extension = rfc5280.Extension()
    extension["extnID"], extension["critical"], extension["extnValue"] = _SUBJECT_ALT_NAME, True, alternative
    template["extensions"].append(extension)
    for oid, value in controls:
        asked["controls"].append(_attribute(oid, value))
    for oid, value in reg_info:
        message["regInfo"].append(_attribute(oid, value))
    if possession:
        proof = message["popo"]["signature"]
        proof["algorithmIdentifier"]["algorithm"] = _ECDSA_SHA256
        proof["signature"] = univ.BitString.fromOctetString(sign(signer or key, encoded(asked)))
    return encoded(message)


def enciphering(key: rsa.RSAPrivateKey, *names: str, number: int) -> bytes:
    """Return a CertReqMsg of a key whose possession is to be shown by a challenge (RFC 4211 section 4.2)."""
    message = decoded(crmf(key, *names, number=number, possession=False), rfc4211.CertReqMsg())
    message["popo"]["keyEncipherment"]["subsequentMessage"] = "challengeResp"
    return encoded(message)


def witness(secret: Secret, data: bytes, *, named: bool = True, digest: str = "sha256") -> bytes:
    """Return the MAC under the hash of a secret, with the identification behind it where ``named``."""
    material = secret.value + (secret.identification.encode() if named else b"")
    return hmac.digest(hashlib.new(digest, material).digest(), data, digest)


def request_sequence(pki_data: bytes) -> bytes:
    """Return reqSequence of a PKIData, tag and length included, as the bytes that stand there."""
    content = _contents(pki_data)
    controls = len(content) - len(_rest(content))
    sequence = content[controls:]
    return sequence[: len(sequence) - len(_rest(sequence))]


def _contents(der: bytes) -> bytes:
    start, length = _header(der)
    return der[start : start + length]


def _rest(der: bytes) -> bytes:
    start, length = _header(der)
    return der[start + length :]


def _header(der: bytes) -> tuple[int, int]:
    """Return where the content of a DER value begins, and its length."""
    if der[1] < 0x80:  # noqa: PLR2004 - the short form of a length
        return 2, der[1]
    size = der[1] & 0x7F
    return 2 + size, int.from_bytes(der[2 : 2 + size])


def _attribute(oid: str, value: bytes) -> Any:
    attribute = rfc4211.AttributeTypeAndValue()
    attribute["type"], attribute["value"] = oid, univ.Any(value)
    return attribute


def pki_data_attributes(attributes: Any, content: bytes) -> Any:
    """Put into an empty set of CMS attributes what RFC 5652 section 11 demands beside a PKIData (DER); return it."""
    for oid, value in (
        (rfc5652.id_contentType, encoded(rfc6402.id_cct_PKIData)),
        (rfc5652.id_messageDigest, encoded(univ.OctetString(hashlib.sha256(content).digest()))),
    ):
        attribute = rfc5652.Attribute()
        attribute["attrType"] = oid
        attribute["attrValues"].append(value)
        attributes.append(attribute)
    return attributes


def name_of(certificate: x509.Certificate) -> bytes:
    """Return the issuer of a certificate as a Name (DER)."""
    return certificate.issuer.public_bytes()
