"""Certificates in the store, from the intent on."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from ca_core.model.annotations import RecipientType
from ca_core.model.certificates import Certificate, Revocation, RevocationReason, RevokedSerial
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.repositories.certificates import CertificateSearch
from ca_core.model.values import of_members, replace
from store.certificate_search import found_ids
from store.columns import MAX_SERIAL
from store.order_terms import OrderTermTable
from store.revisions import conflict, save_statement
from store.spread import spread
from store.statements import Executor, Row, Statement
from store.tables import TermKind, certificates, issued, on_crl, order_recipients

_ALL = 1 << 62

_ADD = Statement.upsert(certificates, lambda insert: insert.on_conflict_do_nothing())
_GET = Statement(select(certificates).where(certificates.c.id == bindparam("id")))
_OF_ORDER = Statement(
    select(certificates).where(certificates.c.order_id == bindparam("order_id")).order_by(certificates.c.id)
)
_BY_SERIAL = Statement(
    select(certificates).where(
        certificates.c.issuer_id == bindparam("issuer_id"), certificates.c.serial == bindparam("serial")
    )
)
_BY_FINGERPRINT = Statement(select(certificates).where(certificates.c.fingerprint == bindparam("fingerprint")))
# A revocation date that is there is never rewritten, whatever the caller read (rule 79).
_SAVE = save_statement(
    certificates,
    (
        "status",
        "der",
        "fingerprint",
        "revoked_at",
        "revocation_reason",
        "revoked_by",
        "revocation_requestor",
        "invalidity_date",
        "planned_revocation",
    ),
    or_(certificates.c.revoked_at.is_(None), certificates.c.revoked_at == bindparam("revoked_at")),
)
_WITH_KEY = Statement(select(certificates.c.id).where(certificates.c.spki_sha256 == bindparam("spki_sha256")).limit(1))
_ISSUED_WITH_KEY = Statement(
    select(certificates)
    .where(certificates.c.spki_sha256 == bindparam("spki_sha256"), issued)
    .order_by(certificates.c.id)
    .limit(bindparam("limit"))
)
_REVOKED = Statement(
    select(
        certificates.c.serial,
        func.coalesce(certificates.c.revoked_at, certificates.c.created_at).label("revoked_at"),
        certificates.c.revocation_reason.label("reason"),
        certificates.c.invalidity_date,
    )
    .where(
        certificates.c.issuer_id == bindparam("issuer_id"),
        on_crl,
        certificates.c.not_after > bindparam("not_after"),
        certificates.c.serial > bindparam("after"),
    )
    .order_by(certificates.c.serial)
    .limit(bindparam("limit"))
)
_ALL_ISSUED = Statement(
    select(certificates)
    .where(certificates.c.id > bindparam("after"), certificates.c.der.is_not(None))
    .order_by(certificates.c.id)
    .limit(bindparam("limit"))
)

# It walks the recipients, who are few, by their key, and so meets the orders in their sequence.
_ends = (issued, certificates.c.not_after > bindparam("now"), certificates.c.not_after <= bindparam("until"))
_told = (
    select(order_recipients.c.order_id)
    .distinct()
    .join(certificates, certificates.c.order_id == order_recipients.c.order_id)
    .where(
        order_recipients.c.recipient_type == bindparam("kind"), order_recipients.c.order_id > bindparam("after"), *_ends
    )
    .order_by(order_recipients.c.order_id)
    .limit(bindparam("limit"))
    .cte("told")
)
_ENDING_FOR = Statement(
    select(certificates)
    .join(_told, _told.c.order_id == certificates.c.order_id)
    .where(*_ends)
    .order_by(certificates.c.order_id)
)


@cache
def _by_ids(names: tuple[str, ...]) -> Statement:
    """The certificates of so many ids."""
    return Statement(select(certificates).where(certificates.c.id.in_([bindparam(name) for name in names])))


class CertificateTable:
    """Implements :class:`ca_core.model.store.Certificates`.

    ``save`` stores the status, the signed certificate and the revocations; an intent never changes (rule 3).
    """

    def __init__(self, executor: Executor) -> None:
        self._run = executor
        self._terms = OrderTermTable(executor)

    def add(self, certificate: Certificate) -> None:
        """Store an intent; raises CONFLICT when the issuer has used the serial (rule 2)."""
        if not self._run.change(_ADD, _values(certificate)):
            raise TriviumError(ErrorKind.CONFLICT, "The issuer has used this serial number already; take another.")
        self._terms.add(certificate.client_id, certificate.order_id, TermKind.SUBJECT, [certificate.subject])

    def save(self, certificate: Certificate) -> Certificate:
        """Replace the row of this revision; return the certificate with the next one; raises CONFLICT."""
        if not self._run.change(_SAVE, _values(certificate)):
            raise conflict(f"certificate {certificate.id}")
        return replace(certificate, revision=certificate.revision + 1)

    def get(self, certificate_id: str) -> Certificate | None:
        """Return the certificate of this id."""
        return _certificate(self._run.one(_GET, {"id": certificate_id}))

    def get_many(self, certificate_ids: Sequence[str]) -> list[Certificate]:
        """Return the certificates of these ids that there are, in no order."""
        if not certificate_ids:
            return []
        wanted = spread("id", certificate_ids)
        return [_loaded(row) for row in self._run.all(_by_ids(tuple(wanted)), wanted)]

    def of_order(self, order_id: str) -> list[Certificate]:
        """Return the order's certificates, abandoned ones too, oldest first."""
        return [_loaded(row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]

    def by_serial(self, issuer_id: str, serial: int) -> Certificate | None:
        """Return the issuer's certificate of this serial; None also for one that no certificate can have."""
        if not 0 <= serial < MAX_SERIAL:
            return None
        return _certificate(self._run.one(_BY_SERIAL, {"issuer_id": issuer_id, "serial": serial}))

    def by_fingerprint(self, fingerprint: str) -> Certificate | None:
        """Return the certificate whose DER has this SHA-256 (hex)."""
        return _certificate(self._run.one(_BY_FINGERPRINT, {"fingerprint": fingerprint}))

    def search(self, query: CertificateSearch) -> list[Certificate]:
        """Return the page of the certificates that match, sorted as the query says."""
        after = None if query.after is None else self.get(query.after)
        if query.after is not None and after is None:
            return []
        ids = found_ids(self._run, query, after)
        found = {one.id: one for one in self.get_many(ids)}
        return [found[one] for one in ids]

    def any_with_key(self, spki_sha256: bytes) -> bool:
        """Whether the public key with this digest is or was a certificate's, from the intent on (rule 29)."""
        return self._run.one(_WITH_KEY, {"spki_sha256": spki_sha256}) is not None

    def issued_with_key(self, spki_sha256: bytes, limit: int) -> list[Certificate]:
        """Return certificates that can be revoked whose public key has this digest, oldest first (rule 26)."""
        return [_loaded(row) for row in self._run.all(_ISSUED_WITH_KEY, {"spki_sha256": spki_sha256, "limit": limit})]

    def revoked(self, issuer_id: str, not_after: datetime, *, after: int = 0, limit: int = _ALL) -> list[RevokedSerial]:
        """Return revoked and abandoned serials that expire later than ``not_after``, from the one behind ``after``.

        They come by serial (rule 82).
        """
        return [
            RevokedSerial(
                serial=row["serial"],
                revoked_at=row["revoked_at"],
                reason=RevocationReason.UNSPECIFIED if row["reason"] is None else row["reason"],
                invalidity_date=row["invalidity_date"],
            )
            for row in self._run.all(
                _REVOKED, {"issuer_id": issuer_id, "not_after": not_after, "after": after, "limit": limit}
            )
        ]

    def all_issued(self, after: str, limit: int) -> list[Certificate]:
        """Return every certificate with a DER, by id, from the one behind ``after`` (rule 18)."""
        return [_loaded(row) for row in self._run.all(_ALL_ISSUED, {"after": after, "limit": limit})]

    def ending_for(
        self, kind: RecipientType, now: datetime, until: datetime, *, after: str, limit: int
    ) -> list[Certificate]:
        """Return issued ones that end in this time, by order, whose orders have recipients of this kind."""
        values = {"kind": kind, "now": now, "until": until, "after": after, "limit": limit}
        return [_loaded(row) for row in self._run.all(_ENDING_FOR, values)]


def _values(certificate: Certificate) -> dict[str, Any]:
    revocation = certificate.revocation
    return {
        **vars(certificate),
        "fingerprint": certificate.fingerprint or None,
        "revoked_at": None if revocation is None else revocation.revoked_at,
        "revocation_reason": None if revocation is None else revocation.reason,
        "revoked_by": None if revocation is None else revocation.revoked_by,
        "revocation_requestor": None if revocation is None else revocation.requestor or None,
        "invalidity_date": None if revocation is None else revocation.invalidity_date,
    }


def _certificate(row: Row | None) -> Certificate | None:
    return None if row is None else _loaded(row)


def _loaded(row: Row) -> Certificate:
    revoked_at, reason, revoked_by = row.pop("revoked_at"), row.pop("revocation_reason"), row.pop("revoked_by")
    invalidity_date, requestor = row.pop("invalidity_date"), row.pop("revocation_requestor")
    row["fingerprint"] = row["fingerprint"] or ""
    revocation = None
    if revoked_at is not None:
        revocation = Revocation(
            revoked_at=revoked_at,
            reason=reason,
            revoked_by=revoked_by,
            invalidity_date=invalidity_date,
            requestor=requestor or "",
        )
    row["revocation"] = revocation
    return of_members(Certificate, row)
