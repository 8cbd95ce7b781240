"""Assembly: a linted TBS and the signature over it become a certificate, which is checked before it is stored."""

import ipaddress
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca_core.certificates.field_extensions import other_names
from ca_core.certificates.lint import LintedTbs
from ca_core.certificates.subject import subject_name
from ca_core.certificates.tbs import CMC_CA, CMC_RA
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import ProfileKind

_EXTENDED_KEY_USAGE: Final = {
    ProfileKind.TLS_SERVER: [ExtendedKeyUsageOID.SERVER_AUTH],
    ProfileKind.SMIME: [ExtendedKeyUsageOID.EMAIL_PROTECTION],
    ProfileKind.OCSP_RESPONDER: [ExtendedKeyUsageOID.OCSP_SIGNING],
    ProfileKind.CMC_RESPONDER: [CMC_CA, ExtendedKeyUsageOID.EMAIL_PROTECTION],
    ProfileKind.CMC_RECIPIENT: [CMC_CA, ExtendedKeyUsageOID.EMAIL_PROTECTION],
    ProfileKind.CMC_CLIENT: [CMC_RA, ExtendedKeyUsageOID.CLIENT_AUTH],
}
_SUBJECT_ATTRIBUTES: Final = {
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


def check_issued(
    der: bytes,
    *,
    kind: ProfileKind,
    identifiers: Sequence[Identifier],
    spki: bytes,
    fields: tuple[FieldValue, ...] = (),
) -> None:
    """Check an issued certificate (DER) against what was asked for; raise INTERNAL for the first difference (rule 17).

    ``spki`` is the SubjectPublicKeyInfo of the CSR in DER, ``identifiers`` and ``fields`` are the order's.
    """
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if key != spki:
        raise _unfit("its public key is not the CSR's")
    if _alternative_names(certificate, other_names(fields)) != sorted(identifiers):
        raise _unfit("its names are not the order's")
    if kind.identifier_types:
        _check_ordered_subject(certificate, kind, identifiers, fields)
    else:
        _check_role_subject(certificate, kind)
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usages = list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound as error:
        raise _unfit("it lacks basicConstraints or extKeyUsage") from error
    if is_ca:
        raise _unfit("it is a CA certificate")
    if usages != _EXTENDED_KEY_USAGE[kind]:
        raise _unfit("its extended key usage is not the profile's")


def _alternative_names(certificate: x509.Certificate, others: list[x509.OtherName]) -> list[Identifier]:
    """Return the names of the certificate but for the ``others``, which must be there as they are."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    if [name for name in names if isinstance(name, x509.OtherName)] != others:
        raise _unfit("its names are not the order's")
    return sorted(_identifier(name) for name in names if not isinstance(name, x509.OtherName))


def _identifier(name: x509.GeneralName) -> Identifier:
    match name:
        case x509.DNSName(value=value):
            return Identifier(type=IdentifierType.DNS, value=value)
        case x509.IPAddress(value=ipaddress.IPv4Address() | ipaddress.IPv6Address() as address):
            return Identifier(type=IdentifierType.IP, value=str(address))
        case x509.RFC822Name(value=value):
            return Identifier(type=IdentifierType.EMAIL, value=value)
    raise _unfit(f"it has a {type(name).__name__} among its names")


def _check_role_subject(certificate: x509.Certificate, kind: ProfileKind) -> None:
    attributes = list(certificate.subject)
    if len({attribute.oid for attribute in attributes} & _SUBJECT_ATTRIBUTES[kind]) != len(attributes):
        raise _unfit("its subject has attributes that the profile does not know")


def _check_ordered_subject(
    certificate: x509.Certificate,
    kind: ProfileKind,
    identifiers: Sequence[Identifier],
    fields: tuple[FieldValue, ...],
) -> None:
    """Require the order's fields for the subject, and nothing else but a common name that is one of the hosts."""
    ordered, attributes = list(subject_name(fields)), list(certificate.subject)
    if any(attribute not in attributes for attribute in ordered):
        raise _unfit("its subject lacks attributes of the order")
    surplus = [attribute for attribute in attributes if attribute not in ordered]
    if any(attribute.oid != NameOID.COMMON_NAME for attribute in surplus) or (surplus and not kind.names_hosts):
        raise _unfit("its subject has attributes that the profile does not know")
    domain_names = {name.value for name in identifiers if name.type is IdentifierType.DNS}
    if any(attribute.value not in domain_names for attribute in surplus):
        raise _unfit("its common name is none of its domain names")


def _unfit(why: str) -> TriviumError:
    return TriviumError(ErrorKind.INTERNAL, f"The certificate was signed but must not be delivered: {why}.")
