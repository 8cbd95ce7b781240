"""Certificates and CRLs in a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ca_core.model.annotations import RecipientType
from ca_core.model.certificates import Certificate, CertificateStatus, Crl, CrlHead, RevokedSerial


class CertificateSort(StrEnum):
    """How found certificates are sorted: by when they were ordered, or by when they end."""

    NEWEST = "newest"
    OLDEST = "oldest"
    EXPIRES_FIRST = "expires-first"
    EXPIRES_LAST = "expires-last"

    @property
    def reversed(self) -> "CertificateSort":
        """The same, from the other end."""
        return _REVERSED[self]


_REVERSED = {
    CertificateSort.NEWEST: CertificateSort.OLDEST,
    CertificateSort.OLDEST: CertificateSort.NEWEST,
    CertificateSort.EXPIRES_FIRST: CertificateSort.EXPIRES_LAST,
    CertificateSort.EXPIRES_LAST: CertificateSort.EXPIRES_FIRST,
}


@dataclass(frozen=True, kw_only=True)
class CertificateSearch:
    """What operators search certificates by, of those that were issued; None means any.

    ``client_ids`` None is the operator's own service only. ``expires_after`` and ``expires_before`` (UTC; the first
    included, the last not) bound the end of the validity. ``attribute`` is a text in the names or the subject, which
    may have the wildcards ? and *. A page begins behind the certificate ``after``, in the order of the sort.
    """

    client_ids: frozenset[str] | None
    statuses: frozenset[CertificateStatus] | None = None
    issuer_id: str | None = None
    serial: int | None = None
    attribute: str | None = None
    expires_after: datetime | None = None
    expires_before: datetime | None = None
    sort: CertificateSort = CertificateSort.NEWEST
    after: str | None = None
    limit: int = 50


class Certificates(Protocol):
    """Certificates, from the intent on."""

    def add(self, certificate: Certificate) -> None:
        """Store an intent; raises CONFLICT when the issuer has used the serial (rule 2)."""
        ...

    def save(self, certificate: Certificate) -> Certificate: ...
    def get(self, certificate_id: str) -> Certificate | None: ...
    def get_many(self, certificate_ids: Sequence[str]) -> list[Certificate]:
        """Those that there are, in no order."""
        ...

    def of_order(self, order_id: str) -> list[Certificate]: ...
    def by_serial(self, issuer_id: str, serial: int) -> Certificate | None: ...
    def by_fingerprint(self, fingerprint: str) -> Certificate | None: ...
    def search(self, query: CertificateSearch) -> list[Certificate]:
        """The page of those that match, as ``query.sort`` says; none behind an ``after`` that there is not."""
        ...

    def any_with_key(self, spki_sha256: bytes) -> bool:
        """Whether the public key with this digest is or was a certificate's, from the intent on."""
        ...

    def issued_with_key(self, spki_sha256: bytes, limit: int) -> list[Certificate]:
        """Certificates in status ISSUED whose public key has this digest, oldest first."""
        ...

    def revoked(
        self, issuer_id: str, not_after: datetime, *, after: int = 0, limit: int = 1 << 62
    ) -> list[RevokedSerial]:
        """Revoked and abandoned serials behind ``after`` that expire later than ``not_after``, by serial (rule 82)."""
        ...

    def all_issued(self, after: str, limit: int) -> list[Certificate]:
        """Every certificate with a DER, by id, from the one behind ``after``: for the nightly checker (rule 18)."""
        ...

    def ending_for(
        self, kind: RecipientType, now: datetime, until: datetime, *, after: str, limit: int
    ) -> list[Certificate]:
        """Those in status ISSUED that end behind ``now``, by ``until``, whose orders have recipients of this kind.

        They come by order, from the one behind the order ``after``.
        """
        ...


class Crls(Protocol):
    """Published CRLs."""

    def next_number(self, issuer_id: str) -> int:
        """Take the next CRL number of the issuer: strictly rising, from the database (rule 80)."""
        ...

    def publish(self, crl: Crl) -> None:
        """Store it as the newest; raises CONFLICT when its number is not above the newest one's."""
        ...

    def latest(self, issuer_id: str) -> Crl | None: ...
    def latest_before(self, issuer_id: str, moment: datetime) -> Crl | None:
        """The newest one made before ``moment``, of those that are kept."""
        ...

    def latest_head(self, issuer_id: str) -> CrlHead | None:
        """What the newest one says of itself, without reading it."""
        ...
