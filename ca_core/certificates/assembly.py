"""Assembly: a linted TBS and the signature over it become a certificate, which is checked before it is stored."""

import ipaddress
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca_core.certificates.lint import LintedTbs
from ca_core.certificates.tbs import CMC_CA, CMC_RA
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import ProfileKind

_EXTENDED_KEY_USAGE: Final = {
    ProfileKind.TLS_SERVER: [ExtendedKeyUsageOID.SERVER_AUTH],
    ProfileKind.OCSP_RESPONDER: [ExtendedKeyUsageOID.OCSP_SIGNING],
    ProfileKind.CMC_RESPONDER: [CMC_CA, ExtendedKeyUsageOID.EMAIL_PROTECTION],
    ProfileKind.CMC_RECIPIENT: [CMC_CA, ExtendedKeyUsageOID.EMAIL_PROTECTION],
    ProfileKind.CMC_CLIENT: [CMC_RA, ExtendedKeyUsageOID.CLIENT_AUTH],
}
_SUBJECT_ATTRIBUTES: Final = {
    ProfileKind.TLS_SERVER: frozenset({NameOID.COMMON_NAME}),
    ProfileKind.OCSP_RESPONDER: frozenset({NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME}),
    ProfileKind.CMC_RESPONDER: frozenset({NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME}),
    ProfileKind.CMC_RECIPIENT: frozenset({NameOID.COMMON_NAME}),
    ProfileKind.CMC_CLIENT: frozenset({NameOID.COMMON_NAME}),
}


def assemble(linted: LintedTbs, signature: bytes) -> bytes:
    """Return the certificate (DER) of a linted TBS and the signature the issuer's key made over ``linted.tbs.der``.

    Raises INTERNAL when the certificate's TBS is not the linted one byte for byte, or the signature does not verify
    under the issuer's key (rule 9): such a certificate must not leave the CA.
    """
    tbs = linted.tbs
    der = tbs.with_signature(signature)
    try:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.tbs_certificate_bytes != tbs.der:
            raise _unfit("its signed part is not what was linted")
        certificate.verify_directly_issued_by(tbs.issuer)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise _unfit("its signature does not verify under the issuer's key") from error
    return der


def check_issued(der: bytes, *, kind: ProfileKind, identifiers: Sequence[Identifier], spki: bytes) -> None:
    """Check an issued certificate (DER) against what was asked for; raise INTERNAL for the first difference (rule 17).

    ``spki`` is the SubjectPublicKeyInfo of the CSR in DER, ``identifiers`` are the order's.
    """
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if key != spki:
        raise _unfit("its public key is not the CSR's")
    if _alternative_names(certificate) != sorted(identifiers):
        raise _unfit("its names are not the order's")
    _check_subject(certificate, kind, identifiers)
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usages = list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound as error:
        raise _unfit("it lacks basicConstraints or extKeyUsage") from error
    if is_ca:
        raise _unfit("it is a CA certificate")
    if usages != _EXTENDED_KEY_USAGE[kind]:
        raise _unfit("its extended key usage is not the profile's")


def _alternative_names(certificate: x509.Certificate) -> list[Identifier]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return sorted(_identifier(name) for name in names)


def _identifier(name: x509.GeneralName) -> Identifier:
    match name:
        case x509.DNSName(value=value):
            return Identifier(type=IdentifierType.DNS, value=value)
        case x509.IPAddress(value=ipaddress.IPv4Address() | ipaddress.IPv6Address() as address):
            return Identifier(type=IdentifierType.IP, value=str(address))
    raise _unfit(f"it has a {type(name).__name__} among its names")


def _check_subject(certificate: x509.Certificate, kind: ProfileKind, identifiers: Sequence[Identifier]) -> None:
    attributes = list(certificate.subject)
    allowed = _SUBJECT_ATTRIBUTES[kind]
    if len({attribute.oid for attribute in attributes} & allowed) != len(attributes):
        raise _unfit("its subject has attributes that the profile does not know")
    if not kind.names_hosts:
        return
    domain_names = {name.value for name in identifiers if name.type is IdentifierType.DNS}
    if any(attribute.value not in domain_names for attribute in attributes):
        raise _unfit("its common name is none of its domain names")


def _unfit(why: str) -> TriviumError:
    return TriviumError(ErrorKind.INTERNAL, f"The certificate was signed but must not be delivered: {why}.")
