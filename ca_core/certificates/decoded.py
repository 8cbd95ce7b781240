"""A certificate decoded for people: what its bytes say, whatever the database knows of it beside."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.certificates.decoded_extensions import DecodedExtension, colons, decoded_extension, general_name
from ca_core.certificates.object_identifiers import oid_name
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import IssuerKind

_UNREADABLE: Final = (
    *(ValueError, TypeError),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What the library raises on a certificate that is none, as found by mutating some."""


@dataclass(frozen=True, kw_only=True)
class DecodedAttribute:
    """An attribute of a distinguished name: its type as X.520 spells it, such as ``commonName``, and its value."""

    type: str
    value: str


@dataclass(frozen=True, kw_only=True)
class DecodedCertificate:
    """What a certificate says.

    ``subject`` and ``issuer`` are in the order of the encoding, ``subject_name`` and ``issuer_name`` the same as RFC
    4514 has it. ``names`` are the subjectAltName with their types. ``key`` is its algorithm and size. Times are UTC;
    ``sha256`` and ``sha1`` are the fingerprints and ``key_sha256`` the digest of the SubjectPublicKeyInfo, in
    hexadecimal with colons; the latter is empty for a key of an algorithm that the library does not know.
    """

    version: int
    serial: int
    subject: tuple[DecodedAttribute, ...]
    subject_name: str
    issuer: tuple[DecodedAttribute, ...]
    issuer_name: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str
    key_sha256: str
    signature_algorithm: str
    extensions: tuple[DecodedExtension, ...]
    sha256: str
    sha1: str


def decoded(der: bytes) -> DecodedCertificate:
    """Decode a certificate (DER) of ours, or one that was imported; raises MALFORMED for what cannot be read."""
    try:
        return _decoded(der, x509.load_der_x509_certificate(der))
    except _UNREADABLE as error:
        raise TriviumError(
            ErrorKind.MALFORMED, "The certificate cannot be decoded; download it and use another program."
        ) from error


def decoded_chain(found: IssuedCertificate) -> tuple[DecodedCertificate, ...]:
    """Decode the certificates above one, its issuer's first, without the root."""
    issuer = found.issuer
    above = () if issuer.kind is IssuerKind.ROOT else (issuer.certificate, *issuer.chain)
    return tuple(decoded(der) for der in above)


def _decoded(der: bytes, certificate: x509.Certificate) -> DecodedCertificate:
    extensions = certificate.extensions
    algorithm, key_sha256 = _key(certificate)
    return DecodedCertificate(
        version=certificate.version.value + 1,
        serial=certificate.serial_number,
        subject=_attributes(certificate.subject),
        subject_name=certificate.subject.rfc4514_string(),
        issuer=_attributes(certificate.issuer),
        issuer_name=certificate.issuer.rfc4514_string(),
        names=tuple(
            general_name(name)
            for extension in extensions
            if isinstance(extension.value, x509.SubjectAlternativeName)
            for name in extension.value
        ),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=algorithm,
        key_sha256=key_sha256,
        signature_algorithm=oid_name(certificate.signature_algorithm_oid),
        extensions=tuple(decoded_extension(extension) for extension in extensions),
        sha256=colons(hashlib.sha256(der).digest()),
        sha1=colons(hashlib.sha1(der, usedforsecurity=False).digest()),
    )


def _attributes(name: x509.Name) -> tuple[DecodedAttribute, ...]:
    return tuple(
        DecodedAttribute(
            type=oid_name(one.oid), value=one.value if isinstance(one.value, str) else f"#{one.value.hex()}"
        )
        for one in name
    )


def _key(certificate: x509.Certificate) -> tuple[str, str]:
    """Return the algorithm of the key with its size, and the digest of its SubjectPublicKeyInfo where it is known."""
    algorithm = oid_name(certificate.public_key_algorithm_oid)
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return algorithm, ""
    if isinstance(key, rsa.RSAPublicKey):
        algorithm = f"RSA {key.key_size}"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = f"EC {key.curve.name}"
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return algorithm, colons(hashlib.sha256(spki).digest())
