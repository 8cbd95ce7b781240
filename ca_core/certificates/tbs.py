"""To-be-signed certificates: what a product's profile, the order's names and the CSR's key become before a signature.

The TBS is built once and its bytes never change again: they are committed, linted and signed as they are.
"""

import functools
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ca_core.certificates.csr import ParsedCsr
from ca_core.certificates.der_values import BIT_STRING, sequence, tlv
from ca_core.certificates.field_extensions import field_extensions, other_names
from ca_core.certificates.subject import subject_name
from ca_core.certificates.throwaway import ThrowawayKey, throwaway_key
from ca_core.certificates.validity import validity_period
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import FieldName, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.issuers import Issuer
from ca_core.model.products import Product, Profile, ProfileKind

_MAX_COMMON_NAME: Final = 64
"""ub-common-name (RFC 5280 appendix A.1)."""

_OWNER_ATTRIBUTES: Final = frozenset({NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME})
CMC_CA: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
CMC_RA: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")

_MUST_STAPLE: Final = x509.TLSFeature([x509.TLSFeatureType.status_request])


def _extension(value: x509.ExtensionType, *, critical: bool) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, critical, value)


def _end_entity(
    *, signs: bool = False, decrypts: bool = False, agrees: bool = False
) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    """Return basicConstraints and keyUsage: a key signs, has keys transported to it, or agrees on them."""
    usage = x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=decrypts,
        data_encipherment=False,
        key_agreement=agrees,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return _extension(constraints, critical=True), _extension(usage, critical=True)


_SIGNS: Final = _end_entity(signs=True)
"""digitalSignature alone, for RSA keys too: keyEncipherment beside it would give one key two purposes, which the BR
advise against (7.1.2.7.11), and only RSA key transport, which TLS has dropped, needs it."""

_DECRYPTS: Final = _end_entity(decrypts=True)
_AGREES: Final = _end_entity(agrees=True)
_SIGNS_AND_DECRYPTS: Final = _end_entity(signs=True, decrypts=True)
_SIGNS_AND_AGREES: Final = _end_entity(signs=True, agrees=True)
"""A mail certificate's key does both: most mail programs know one certificate a person (S/MIME BR 7.1.2.3 e)."""

_KIND_EXTENSIONS: Final = {
    ProfileKind.TLS_SERVER: (_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False),),
    ProfileKind.SMIME: (_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False),),
    ProfileKind.OCSP_RESPONDER: (
        _extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False),
        _extension(x509.OCSPNoCheck(), critical=False),
    ),
    ProfileKind.CMC_RESPONDER: (
        # emailProtection is what `openssl cms -verify` looks for when it is told no other purpose.
        _extension(x509.ExtendedKeyUsage([CMC_CA, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False),
    ),
    ProfileKind.CMC_RECIPIENT: (
        _extension(x509.ExtendedKeyUsage([CMC_CA, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False),
    ),
    ProfileKind.CMC_CLIENT: (
        _extension(x509.ExtendedKeyUsage([CMC_RA, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False),
    ),
}
"""BR 7.1.2.7.6 and 7.1.2.8.2; S/MIME BR 7.1.2.3 f; RFC 6960 section 4.2.2.2; RFC 10002 section 9.1 (id-kp-cmcCA and
id-kp-cmcRA)."""


@dataclass(frozen=True, kw_only=True)
class Tbs:
    """A to-be-signed certificate: ``der`` is its TBSCertificate, ``signature_algorithm`` its AlgorithmIdentifier.

    Both are DER. ``issuer`` is the certificate of the issuer whose key of ``algorithm`` is to sign; ``subject`` is in
    RFC 4514 form.
    """

    der: bytes
    signature_algorithm: bytes
    algorithm: KeyAlgorithm
    issuer: x509.Certificate
    serial: int
    not_before: datetime
    not_after: datetime
    subject: str
    identifiers: tuple[Identifier, ...]

    def with_signature(self, signature: bytes) -> bytes:
        """Return the Certificate (DER, RFC 5280 section 4.1) of the TBS and ``signature``, the TBS untouched."""
        return certificate_der(self.der, self.signature_algorithm, signature)


def build_tbs(
    *,
    product: Product,
    issuer: Issuer,
    csr: ParsedCsr,
    identifiers: tuple[Identifier, ...],
    serial: int,
    now: datetime,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    fields: tuple[FieldValue, ...] = (),
) -> Tbs:
    """Build the TBS of a certificate for ``identifiers`` and the CSR's key, as the product's profile has it.

    ``now`` is the time of signing; ``not_before`` and ``not_after`` are the requester's wish. The names and ``fields``
    are the order's, not the CSR's; of the CSR the key, the wish for must-staple and a common name are used, the latter
    two for hosts and for roles only (rules 23 and 24 of the abuse list). Raises MALFORMED,
    UNAVAILABLE (see :func:`~ca_core.certificates.validity.validity_period`) or BAD_CSR.
    """
    policy, profile = product.policy, product.policy.profile
    signed_by = _issuer(issuer.certificate)
    start, end = validity_period(
        profile,
        public=policy.public,
        now=now,
        issuer_not_after=signed_by.not_after,
        not_before=not_before,
        not_after=not_after,
    )
    subject = _subject(profile, signed_by.certificate.subject, csr, identifiers, fields)
    builder = x509.CertificateBuilder(
        issuer_name=signed_by.certificate.subject,
        subject_name=subject,
        public_key=csr.public_key,
        serial_number=serial,
        extensions=_extensions(
            profile=profile,
            issuer=issuer,
            signed_by=signed_by,
            csr=csr,
            subject=subject,
            identifiers=identifiers,
            fields=fields,
        ),
    )
    unsigned = signed_by.throwaway.sign(builder.not_valid_before(start).not_valid_after(end))
    return Tbs(
        der=unsigned.tbs_certificate_bytes,
        signature_algorithm=signed_by.signature_algorithm,
        algorithm=signed_by.throwaway.algorithm,
        issuer=signed_by.certificate,
        serial=serial,
        not_before=start,
        not_after=end,
        subject=subject.rfc4514_string(),
        identifiers=identifiers,
    )


def restore_tbs(intent: Certificate, issuer: Issuer) -> Tbs:
    """Return the TBS that was committed as an intent, to go on with it after a wait or a restart."""
    signed_by = _issuer(issuer.certificate)
    return Tbs(
        der=intent.tbs,
        signature_algorithm=signed_by.signature_algorithm,
        algorithm=signed_by.throwaway.algorithm,
        issuer=signed_by.certificate,
        serial=intent.serial,
        not_before=intent.not_before,
        not_after=intent.not_after,
        subject=intent.subject,
        identifiers=intent.identifiers,
    )


def prepare(issuer: Issuer) -> None:
    """Do beforehand what the first certificate of ``issuer`` would wait for; an RSA issuer's throw-away key: 0.1 s."""
    _issuer(issuer.certificate)


def issuer_end(issuer: Issuer) -> datetime:
    """Return when the issuer's own certificate ends (UTC): nothing it signs may outlive it (rule 16)."""
    return _issuer(issuer.certificate).not_after


@dataclass(frozen=True, kw_only=True)
class _SigningIssuer:
    """What is the same in every certificate of an issuer; made once from its certificate."""

    certificate: x509.Certificate
    not_after: datetime
    throwaway: ThrowawayKey
    signature_algorithm: bytes
    authority_key_identifier: x509.Extension[x509.ExtensionType]


@functools.lru_cache(maxsize=64)
def _issuer(certificate_der: bytes) -> _SigningIssuer:
    certificate = x509.load_der_x509_certificate(certificate_der)
    public_key = certificate.public_key()
    throwaway = throwaway_key(public_key)
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return _SigningIssuer(
        certificate=certificate,
        not_after=certificate.not_valid_after_utc,
        throwaway=throwaway,
        signature_algorithm=throwaway.signature_algorithm,
        authority_key_identifier=_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        ),
    )


def _subject(
    profile: Profile,
    issuer: x509.Name,
    csr: ParsedCsr,
    identifiers: Sequence[Identifier],
    fields: tuple[FieldValue, ...],
) -> x509.Name:
    """Return the subject: for TLS and mail the order's fields and, for TLS, a common name that is one of the names.

    An OCSP responder has the CSR's common name below the issuer's country and organization (BR 7.1.2.8.1), a CMC
    client the common name alone. A CMC responder has the name of the CA it speaks for (RFC 10002 section 9.1).
    """
    match profile.kind:
        case ProfileKind.TLS_SERVER:
            common_name = _tls_common_name(csr, identifiers, fields) if profile.common_name else None
            others = [field for field in fields if field.name is not FieldName.COMMON_NAME]
            if common_name is None:
                return subject_name(others)
            return subject_name([*others, FieldValue(name=FieldName.COMMON_NAME, value=common_name)])
        case ProfileKind.SMIME:
            return subject_name(fields)
        case ProfileKind.OCSP_RESPONDER:
            owner = [attribute for attribute in issuer if attribute.oid in _OWNER_ATTRIBUTES]
            return x509.Name([*owner, _role_common_name(csr)])
        case ProfileKind.CMC_RESPONDER:
            return issuer
        case ProfileKind.CMC_CLIENT | ProfileKind.CMC_RECIPIENT:
            return x509.Name([_role_common_name(csr)])


def _role_common_name(csr: ParsedCsr) -> x509.NameAttribute[str]:
    if not csr.common_name or len(csr.common_name) > _MAX_COMMON_NAME:
        raise TriviumError(ErrorKind.BAD_CSR, "This CSR needs a common name of 1 to 64 characters.")
    return x509.NameAttribute(NameOID.COMMON_NAME, csr.common_name)


def _tls_common_name(csr: ParsedCsr, identifiers: Sequence[Identifier], fields: tuple[FieldValue, ...]) -> str | None:
    """Return the order's or the CSR's common name where it is a name of the order, else the first domain name.

    It is a domain name short enough, and no IP address.
    """
    ordered = [field.value for field in fields if field.name is FieldName.COMMON_NAME]
    names = [
        name.value for name in identifiers if name.type is IdentifierType.DNS and len(name.value) <= _MAX_COMMON_NAME
    ]
    asked = ordered[0] if ordered else (csr.common_name or "").lower()
    return asked if asked in names else next(iter(names), None)


def _extensions(
    *,
    profile: Profile,
    issuer: Issuer,
    signed_by: _SigningIssuer,
    csr: ParsedCsr,
    subject: x509.Name,
    identifiers: Sequence[Identifier],
    fields: tuple[FieldValue, ...],
) -> list[x509.Extension[x509.ExtensionType]]:
    """Return the extensions in their order: those of the kind, then those of the profile and the request."""
    extensions: list[x509.Extension[x509.ExtensionType]] = [
        *_key_usage(profile, csr),
        *_KIND_EXTENSIONS[profile.kind],
        signed_by.authority_key_identifier,
    ]
    if profile.subject_key_identifier or not profile.kind.names_hosts:
        extensions.append(_extension(x509.SubjectKeyIdentifier.from_public_key(csr.public_key), critical=False))
    if profile.kind is ProfileKind.OCSP_RESPONDER:
        return extensions
    extensions += _issuer_extensions(issuer.certificate_url, issuer.ocsp_url, issuer.crl_url, profile.policy_oids)
    if not profile.kind.identifier_types:
        return extensions
    extensions.append(_extension(_alternative_name(identifiers, fields), critical=len(subject.rdns) == 0))
    extensions += [_extension(value, critical=False) for value in field_extensions(fields)]
    if profile.kind.names_hosts and (profile.must_staple or csr.must_staple):
        extensions.append(_extension(_MUST_STAPLE, critical=False))
    return extensions


def _key_usage(profile: Profile, csr: ParsedCsr) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    agrees = isinstance(csr.public_key, ec.EllipticCurvePublicKey)
    if profile.kind is ProfileKind.SMIME:
        return _SIGNS_AND_AGREES if agrees else _SIGNS_AND_DECRYPTS
    if not profile.key_encipherment and profile.kind is not ProfileKind.CMC_RECIPIENT:
        return _SIGNS
    return _AGREES if agrees else _DECRYPTS


@functools.lru_cache(maxsize=256)
def _issuer_extensions(
    certificate_url: str, ocsp_url: str, crl_url: str, policy_oids: tuple[str, ...]
) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    """Return authorityInfoAccess, certificatePolicies and cRLDistributionPoints; an empty URL leaves its entry out."""
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, ocsp_url),
            (AuthorityInformationAccessOID.CA_ISSUERS, certificate_url),
        )
        if url
    ]
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in policy_oids]
    extensions: list[x509.Extension[x509.ExtensionType]] = []
    if access:
        extensions.append(_extension(x509.AuthorityInformationAccess(access), critical=False))
    if policies:
        extensions.append(_extension(x509.CertificatePolicies(policies), critical=False))
    if crl_url:
        extensions.append(_extension(crl_distribution_points(crl_url), critical=False))
    return tuple(extensions)


def crl_distribution_points(url: str) -> x509.CRLDistributionPoints:
    """Return cRLDistributionPoints with the one ``url``."""
    point = x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)], relative_name=None, reasons=None, crl_issuer=None
    )
    return x509.CRLDistributionPoints([point])


def _alternative_name(identifiers: Sequence[Identifier], fields: tuple[FieldValue, ...]) -> x509.SubjectAlternativeName:
    names = [general_name(identifier) for identifier in identifiers]
    return x509.SubjectAlternativeName([*names, *other_names(fields)])


def general_name(identifier: Identifier) -> x509.GeneralName:
    """Return the identifier as it stands in a subjectAltName."""
    match identifier.type:
        case IdentifierType.DNS:
            return x509.DNSName(identifier.value)
        case IdentifierType.IP:
            return x509.IPAddress(ipaddress.ip_address(identifier.value))
        case IdentifierType.EMAIL:
            return x509.RFC822Name(identifier.value)


def certificate_der(tbs: bytes, signature_algorithm: bytes, signature: bytes) -> bytes:
    """Return the Certificate (DER, RFC 5280 section 4.1) of its three parts."""
    return sequence(tbs, signature_algorithm, tlv(BIT_STRING, b"\x00" + signature))
