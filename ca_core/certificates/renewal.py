"""When a certificate should be renewed, and by which name it is asked for (RFC 9773)."""

import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateIdentifier
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction

_PAST: Final = timedelta(hours=1)
_ASK_AGAIN: Final = timedelta(hours=6)
_ASK_AGAIN_AT_LEAST: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class RenewalInfo:
    """When to renew (UTC), why if there is a page that says so, and how soon to ask again."""

    start: datetime
    end: datetime
    explanation_url: str
    retry_after: timedelta


async def renewal_info(core: Core, identifier: CertificateIdentifier) -> RenewalInfo:
    """Return when the certificate should be renewed (RFC 9773 section 4.2); raises NOT_FOUND for one we did not issue.

    Anybody may ask: what the answer rests on is in the certificate and on the CRL.
    """
    certificate = await core.store.read(lambda tx: find(tx, identifier))
    if certificate is None:
        raise TriviumError(ErrorKind.NOT_FOUND, "No certificate with this identifier was issued here.")
    start, end = suggested_window(certificate)
    planned = certificate.planned_revocation
    a_twentieth = (certificate.not_after - certificate.not_before) / 20
    return RenewalInfo(
        start=start,
        end=end,
        explanation_url=planned.explanation_url if planned else "",
        retry_after=max(_ASK_AGAIN_AT_LEAST, min(_ASK_AGAIN, a_twentieth)),
    )


def suggested_window(certificate: Certificate) -> tuple[datetime, datetime]:
    """Return the window in which the certificate should be renewed.

    It is a quarter of the last third of the validity and begins in the first quarter of that, at a point that the
    serial decides: certificates issued together are not renewed together, and asking again gives the same answer.
    Half of the last third is left for what goes wrong. Of a revoked certificate it is past; before a planned
    revocation it ends when half of the time since the plan was made has gone, and is an hour at least: of one planned
    for now it is past too. It is never empty.
    """
    if certificate.revocation is not None:
        return certificate.revocation.revoked_at - _PAST, certificate.revocation.revoked_at
    quarter = (certificate.not_after - certificate.not_before) / 12
    start = certificate.not_after - quarter * 4 + quarter * _fraction(certificate.serial)
    end = start + quarter
    planned = certificate.planned_revocation
    if planned is not None:
        deadline = planned.planned_at + (planned.revoke_at - planned.planned_at) / 2
        if end > deadline:
            return min(start, planned.planned_at, deadline - _PAST), deadline
    return start, end


def find(tx: Transaction, identifier: CertificateIdentifier) -> Certificate | None:
    """Return the certificate of this identifier, revoked or not; None for one we did not issue."""
    for issuer in tx.issuers.all():
        if _key_identifier(issuer.certificate) == identifier.key_identifier:
            certificate = tx.certificates.by_serial(issuer.id, identifier.serial)
            if certificate is not None and certificate.der is not None:
                return certificate
    return None


def identifier_of(certificate: Certificate) -> CertificateIdentifier:
    """Return the identifier of an issued certificate."""
    extensions = x509.load_der_x509_certificate(certificate.der or b"").extensions
    authority = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    return CertificateIdentifier(key_identifier=authority.key_identifier or b"", serial=certificate.serial)


@functools.lru_cache(maxsize=64)
def _key_identifier(issuer_certificate: bytes) -> bytes:
    extensions = x509.load_der_x509_certificate(issuer_certificate).extensions
    return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _fraction(serial: int) -> float:
    """Return a number from 0 to 1 that is as good as random and always the same for the serial."""
    return int.from_bytes(hashlib.sha256(f"{serial:x}".encode()).digest()[:6]) / (1 << 48)
