"""Root and issuing CA certificates: made by a deliberate human command only, never by a request (rule 20).

No front end and no order reaches this module. The key that signs is a :class:`~ca_core.keys.signer.Signer`, so a root
in a PKCS#11 token and one in an encrypted file take the same path.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ca_core.certificates.serials import new_serial
from ca_core.certificates.tbs import certificate_der, crl_distribution_points
from ca_core.certificates.throwaway import throwaway_key
from ca_core.keys.signer import Signer
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources

_MAX_TEXT: Final = 64
"""ub-common-name and ub-organization-name (RFC 5280 appendix A.1)."""

_COUNTRY: Final = re.compile("[A-Z]{2}")
_BACKDATE: Final = timedelta(hours=1)
_ANY_POLICY: Final = "2.5.29.32.0"


@dataclass(frozen=True, kw_only=True)
class AuthorityName:
    """The subject of a CA: the common name (1-64 characters), and organization and country, which the BR ask for."""

    common_name: str
    organization: str = ""
    country: str = ""

    @property
    def x509(self) -> x509.Name:
        """The name in the order the BR prescribe (7.1.4.2): country, organization, common name.

        Raises MALFORMED for a part that X.520 does not allow.
        """
        attributes = (
            (NameOID.COUNTRY_NAME, self.country),
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.COMMON_NAME, self.common_name),
        )
        if not (0 < len(self.common_name) <= _MAX_TEXT and len(self.organization) <= _MAX_TEXT):
            raise TriviumError(
                ErrorKind.MALFORMED, "A CA has a common name of 1 to 64 characters, and an organization of at most 64."
            )
        if self.country and not _COUNTRY.fullmatch(self.country):
            raise TriviumError(ErrorKind.MALFORMED, "A CA's country is a code of two capital letters, such as DE.")
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value])


async def make_root(signer: Signer, *, name: AuthorityName, validity: int, sources: Sources) -> bytes:
    """Return a self-signed root certificate (DER) of ``signer``'s key, valid for ``validity`` seconds from now."""
    subject = name.x509
    start, end = _period(sources.now(), validity)
    builder = _builder(
        subject=subject, issuer=subject, public_key=signer.public_key, start=start, end=end, sources=sources
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(signer.public_key)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return await _signed(builder, signer)


async def make_issuing(
    root_signer: Signer,
    root_certificate: bytes,
    *,
    public_key: CertificateIssuerPublicKeyTypes,
    name: AuthorityName,
    validity: int,
    root_crl_url: str,
    root_certificate_url: str,
    sources: Sources,
    policy_oids: tuple[str, ...] = (_ANY_POLICY,),
    extended_key_usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH,),
) -> bytes:
    """Return the certificate (DER) of an issuing CA for TLS with ``public_key``, signed by the root.

    It can issue end-entity certificates only (pathLenConstraint 0). ``validity`` is in seconds; a period that would
    outlive the root ends with it. The URLs are where the root's CRL and certificate are served. Raises INTERNAL when
    ``root_signer`` is not the key of ``root_certificate``.

    ``extended_key_usages`` limits what the CA can issue for; empty, there is no limit, as a private CA needs that
    is to issue more than TLS certificates.
    """
    root = x509.load_der_x509_certificate(root_certificate)
    start, end = _period(sources.now(), validity)
    builder = _builder(
        subject=name.x509,
        issuer=root.subject,
        public_key=public_key,
        start=start,
        end=min(end, root.not_valid_after_utc),
        sources=sources,
    )
    root_identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuers = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(root_certificate_url)
    )
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in policy_oids]
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_identifier), critical=False)
        .add_extension(x509.AuthorityInformationAccess([issuers]), critical=False)
        .add_extension(crl_distribution_points(root_crl_url), critical=False)
        .add_extension(x509.CertificatePolicies(policies), critical=False)
    )
    if extended_key_usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended_key_usages), critical=False)
    return await _signed(builder, root_signer, root)


def _period(now: datetime, validity: int) -> tuple[datetime, datetime]:
    start = (now - _BACKDATE).replace(microsecond=0)
    return start, start + timedelta(seconds=validity - 1)


def _builder(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificateIssuerPublicKeyTypes,
    start: datetime,
    end: datetime,
    sources: Sources,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    return builder.serial_number(new_serial(sources.entropy)).not_valid_before(start).not_valid_after(end)


def _key_usage() -> x509.KeyUsage:
    """KeyCertSign and cRLSign; not digitalSignature, since OCSP answers are signed by delegated responders."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


async def _signed(builder: x509.CertificateBuilder, signer: Signer, issuer: x509.Certificate | None = None) -> bytes:
    """Sign the TBS of ``builder`` with ``signer`` and verify the certificate under ``issuer``, a root under itself."""
    throwaway = throwaway_key(signer.public_key)
    tbs = throwaway.sign(builder).tbs_certificate_bytes
    der = certificate_der(tbs, throwaway.signature_algorithm, await signer.sign(tbs))
    certificate = x509.load_der_x509_certificate(der)
    try:
        certificate.verify_directly_issued_by(issuer or certificate)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise TriviumError(
            ErrorKind.INTERNAL, "The signing key is not the one of the issuer's certificate; nothing was made."
        ) from error
    return der
