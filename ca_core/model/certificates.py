"""Certificates, from the intent that precedes the signature to the revocation that ends them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from ca_core.model.identifiers import Identifier


class CertificateStatus(StrEnum):
    """INTENDED: serial and TBS are committed, no signature is known. ABANDONED: never delivered, its serial is revoked.

    A crash between the intent and the certificate leaves a signature that may exist: the serial counts as revoked
    from then on and is never used again (rules 2-4).
    """

    INTENDED = "intended"
    ABANDONED = "abandoned"
    ISSUED = "issued"
    REVOKED = "revoked"


class RevocationReason(IntEnum):
    """CRLReason (RFC 5280 section 5.3.1)."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """When, why and by whom a certificate was revoked; ``revoked_at`` is never rewritten (rule 79).

    ``invalidity_date`` is since when it should count as invalid, where somebody said so (RFC 5280 section 5.3.2).
    ``requestor`` is who asked for it, in the words of the service account that revoked; empty where nobody is named.
    """

    revoked_at: datetime
    reason: RevocationReason
    revoked_by: str
    invalidity_date: datetime | None = None
    requestor: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedRevocation:
    """A revocation to come: when (UTC), why, and who decided it when.

    ``explanation_url`` is a page that tells subscribers why; empty when there is none. ``unless_confirmed``: whoever
    ordered the certificate takes the plan back by confirming that he accepts it.
    """

    revoke_at: datetime
    reason: RevocationReason
    planned_at: datetime
    planned_by: str
    explanation_url: str = ""
    unless_confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class CertificateIdentifier:
    """A certificate by its issuer's key and its serial: the key identifier of its AKI (RFC 9773 section 4.1)."""

    key_identifier: bytes
    serial: int


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate (``crt-``). ``tbs`` and ``der`` are DER; ``der`` is None until the signature is stored.

    ``spki_sha256`` is the SHA-256 of the SubjectPublicKeyInfo, ``fingerprint`` the SHA-256 of ``der`` (hex).
    """

    id: str
    order_id: str
    client_id: str
    issuer_id: str
    serial: int
    status: CertificateStatus
    identifiers: tuple[Identifier, ...]
    subject: str
    not_before: datetime
    not_after: datetime
    spki_sha256: bytes
    tbs: bytes
    der: bytes | None = None
    fingerprint: str = ""
    revocation: Revocation | None = None
    planned_revocation: PlannedRevocation | None = None
    created_at: datetime
    revision: int = 0


@dataclass(frozen=True, kw_only=True)
class RevokedSerial:
    """One line of a CRL."""

    serial: int
    revoked_at: datetime
    reason: RevocationReason
    invalidity_date: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CrlHead:
    """What a published CRL says of itself."""

    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, kw_only=True)
class Crl:
    """A certificate revocation list as published: number from the database, DER (rule 80)."""

    issuer_id: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes
