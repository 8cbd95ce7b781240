"""Revocation of a certificate: once, with everything that follows from it (RFC 8555 section 7.6, rules 26 and 79)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from cryptography import x509

from ca_core.access.account_keys import thumbprint
from ca_core.access.visibility import not_found, require_sees
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.accounts import AccountStatus
from ca_core.model.audit import AuditRecord
from ca_core.model.certificates import Certificate, CertificateStatus, PlannedRevocation, Revocation, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderState
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.notify import events
from ca_core.notify.mail import notify_revoked
from ca_core.orders.crash import crash_point
from ca_core.orders.states import OrderEvent, after
from ca_core.orders.timers import make_crl_due
from ca_core.publish.schedule import unpublish_revoked
from ca_core.revocation import approval
from ca_core.revocation.reasons import check_words, parse_reason, reason_name
from ca_core.revocation.rights import require_may_revoke
from ca_core.revocation.schedule import MOST_AT_ONCE, schedule_revocation

Result = TypeVar("Result")
_ATTEMPTS: Final = 3
"""A write that lost a compare-and-set runs again: its second run sees what won."""


async def revoke(
    core: Core, certificate_der: bytes, reason: RevocationReason | int, principal: Principal
) -> Certificate:
    """Revoke the certificate with exactly these DER bytes and return it as it is stored then.

    Raises BAD_REASON, NOT_FOUND (we did not issue it), FORBIDDEN (the principal is neither the subscriber, nor holds
    authorizations for all its identifiers, nor its key, nor operates its Client), ALREADY_REVOKED.
    """
    fingerprint = hashlib.sha256(certificate_der).hexdigest()

    def find(tx: Transaction) -> Certificate:
        certificate = tx.certificates.by_fingerprint(fingerprint)
        if certificate is None:
            raise TriviumError(
                ErrorKind.NOT_FOUND,
                "This certificate was not issued here; send the DER bytes of the end-entity certificate itself.",
            )
        return certificate

    revoked = await _revoke(core, find, reason, principal)
    crash_point("revoked")
    return revoked


async def revoke_by_id(
    core: Core,
    certificate_id: str,
    reason: RevocationReason | int,
    principal: Principal,
    *,
    requestor: str = "",
    comment: str = "",
) -> Certificate:
    """Revoke the certificate with this id (``crt-``); raises as :func:`revoke`, and NOT_FOUND for another Client's.

    ``requestor`` is who asked the service account for it; ``comment`` is for the audit log. Raises MALFORMED for words
    that are too long.
    """

    def find(tx: Transaction) -> Certificate:
        certificate = tx.certificates.get(certificate_id)
        if certificate is None or certificate.status is CertificateStatus.INTENDED:
            raise not_found("certificate")
        require_sees(principal, "certificate", client_id=certificate.client_id)
        return certificate

    return await _revoke(core, find, reason, principal, requestor=requestor, comment=comment)


async def revoke_by_serial(
    core: Core,
    issuer_id: str,
    serial: int,
    reason: RevocationReason | int,
    principal: Principal,
    *,
    invalidity_date: datetime | None = None,
    comment: str = "",
) -> Certificate:
    """Revoke the issuer's certificate of this serial; raises as :func:`revoke_by_id`.

    ``invalidity_date`` (UTC) is since when it should count as invalid, and goes into its CRL entry; raises MALFORMED
    for one outside the certificate's life so far. ``comment`` is for the audit log.
    """

    def find(tx: Transaction) -> Certificate:
        certificate = tx.certificates.by_serial(issuer_id, serial)
        if certificate is None or certificate.der is None:
            raise not_found("certificate")
        require_sees(principal, "certificate", client_id=certificate.client_id)
        _check_invalidity_date(certificate, invalidity_date, core.sources.now())
        return certificate

    return await _revoke(core, find, reason, principal, invalidity_date=invalidity_date, comment=comment)


def _check_invalidity_date(certificate: Certificate, invalidity_date: datetime | None, now: datetime) -> None:
    if invalidity_date is not None and not certificate.not_before <= invalidity_date <= now:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"The invalidityDate must lie between the certificate's notBefore, "
            f"{certificate.not_before.isoformat(timespec='seconds')}, and now.",
        )


async def _revoke(
    core: Core,
    find: Callable[[Transaction], Certificate],
    reason: RevocationReason | int,
    principal: Principal,
    *,
    invalidity_date: datetime | None = None,
    requestor: str = "",
    comment: str = "",
) -> Certificate:
    parsed = parse_reason(reason)
    check_words(requestor, comment)
    details = {"comment": comment} if comment else {}
    return await insisting(
        core,
        lambda tx: revoke_for(
            core, tx, find(tx), parsed, principal, invalidity_date=invalidity_date, requestor=requestor, **details
        ),
    )


async def insisting(core: Core, act: Callable[[Transaction], Result]) -> Result:
    """Write what ``act`` writes; after a lost compare-and-set once more, for then it sees what won."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await core.store.write(act)
        except TriviumError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise
    return await core.store.write(act)


def revoke_for(
    core: Core,
    tx: Transaction,
    certificate: Certificate,
    reason: RevocationReason,
    principal: Principal,
    *,
    invalidity_date: datetime | None = None,
    requestor: str = "",
    **details: str,
) -> Certificate:
    """Do :func:`revoke_in` if the principal may, or let it wait for approvals.

    Raises FORBIDDEN, BAD_REASON, ALREADY_REVOKED.
    """
    require_may_revoke(tx, core.sources, certificate, reason, principal)
    if approval.must_wait(tx, certificate, reason, principal):
        approval.ask(core, tx, certificate, reason, principal, requestor)
        return certificate
    if _is_news_of_the_key(tx, certificate, reason, principal):
        _end_key(tx, core.sources, certificate, principal)
        return certificate
    return revoke_in(
        tx,
        core.sources,
        certificate,
        reason,
        principal,
        invalidity_date=invalidity_date,
        requestor=requestor,
        **details,
    )


def revoke_in(
    tx: Transaction,
    sources: Sources,
    certificate: Certificate,
    reason: RevocationReason,
    principal: Principal,
    *,
    invalidity_date: datetime | None = None,
    requestor: str = "",
    **details: str,
) -> Certificate:
    """Revoke ``certificate`` inside the caller's transaction, with everything that follows from it.

    Its order becomes REVOKED if it was ISSUED, the CRL becomes due, a directory that has it loses it, the audit log
    gets its record. For keyCompromise the key is blocked, its other certificates are revoked with it, and an account
    that has it ends (rule 26). Nobody is asked whether ``principal`` may: that is :func:`revoke`'s part. ``details``
    go into the audit record. Raises ALREADY_REVOKED, and CONFLICT when a certificate was changed since it was read.
    """
    revoked = _revoke_one(
        tx,
        sources,
        certificate,
        reason,
        principal,
        invalidity_date=invalidity_date,
        requestor=requestor,
        **details,
    )
    if reason is RevocationReason.KEY_COMPROMISE:
        _end_key(tx, sources, revoked, principal)
    return revoked


def _revoke_one(
    tx: Transaction,
    sources: Sources,
    certificate: Certificate,
    reason: RevocationReason,
    principal: Principal,
    *,
    invalidity_date: datetime | None = None,
    requestor: str = "",
    **details: Any,
) -> Certificate:
    require_issued(certificate)
    now = sources.now()
    revocation = Revocation(
        revoked_at=now,
        reason=reason,
        revoked_by=principal.actor,
        invalidity_date=invalidity_date,
        requestor=requestor,
    )
    if requestor:
        details["requestor"] = requestor
    if invalidity_date is not None:
        details["invalidityDate"] = invalidity_date.isoformat(timespec="seconds")
    revoked = tx.certificates.save(replace(certificate, status=CertificateStatus.REVOKED, revocation=revocation))
    order = tx.orders.get(certificate.order_id)
    if order is not None and order.state is OrderState.ISSUED:
        tx.orders.save(replace(order, state=after(order.state, OrderEvent.REVOKED)))
    make_crl_due(tx, sources, certificate.issuer_id)
    unpublish_revoked(tx, sources, certificate, principal)
    events.certificate_revoked(tx, sources, revoked)
    notify_revoked(tx, sources, revoked)
    tx.audit.append([_record(sources, certificate, reason, principal, **details)])
    return revoked


def _end_key(tx: Transaction, sources: Sources, certificate: Certificate, principal: Principal) -> None:
    """Let nobody use the key of a certificate that was revoked for its compromise any more.

    Of very many other certificates one is left with a revocation planned for now, which takes the next ones along.
    """
    now, reason = sources.now(), RevocationReason.KEY_COMPROMISE
    tx.blocked_keys.hold(certificate.spki_sha256)
    tx.blocked_keys.add(certificate.spki_sha256, reason_name(reason), now)
    siblings = tx.certificates.issued_with_key(certificate.spki_sha256, MOST_AT_ONCE + 1)
    for sibling in siblings[:MOST_AT_ONCE]:
        _revoke_one(tx, sources, sibling, reason, principal, keyOf=certificate.id)
    for following in siblings[MOST_AT_ONCE:]:
        planned = PlannedRevocation(revoke_at=now, reason=reason, planned_at=now, planned_by=principal.actor)
        tx.certificates.save(replace(following, planned_revocation=planned))
        schedule_revocation(tx, sources, following, planned)
    _end_account(tx, sources, certificate, principal)


def _is_news_of_the_key(
    tx: Transaction, certificate: Certificate, reason: RevocationReason, principal: Principal
) -> bool:
    """Whether a certificate revoked for another reason is reported again, by its key or an operator (rules 26, 52)."""
    return (
        certificate.status is CertificateStatus.REVOKED
        and certificate.der is not None
        and reason is RevocationReason.KEY_COMPROMISE
        and principal.kind in {PrincipalKind.CERTIFICATE_KEY, PrincipalKind.OPERATOR}
        and tx.blocked_keys.reason(certificate.spki_sha256) is None
    )


def _end_account(tx: Transaction, sources: Sources, certificate: Certificate, principal: Principal) -> None:
    key = x509.load_der_x509_certificate(certificate.der or b"").public_key()
    name = thumbprint(key)
    account = tx.accounts.by_thumbprint(name) if name else None
    if account is None or account.status is not AccountStatus.VALID:
        return
    tx.accounts.save(replace(account, status=AccountStatus.REVOKED))
    record = entry(sources, principal, "account.revoke", account.id, client_id=account.client_id, keyOf=certificate.id)
    tx.audit.append([record])


def require_issued(certificate: Certificate) -> None:
    """Raise ALREADY_REVOKED unless the certificate is ISSUED, and so can be revoked."""
    if certificate.status is not CertificateStatus.ISSUED:
        raise TriviumError(ErrorKind.ALREADY_REVOKED, _already(certificate))


def _already(certificate: Certificate) -> str:
    if certificate.revocation is None:
        return "This certificate was never delivered and counts as revoked; there is nothing left to do."
    at = certificate.revocation.revoked_at.isoformat(timespec="seconds")
    return f"This certificate has been revoked already, at {at}; there is nothing left to do."


def _record(
    sources: Sources, certificate: Certificate, reason: RevocationReason, principal: Principal, **details: Any
) -> AuditRecord:
    return entry(
        sources,
        principal,
        "certificate.revoke",
        certificate.id,
        client_id=certificate.client_id,
        order=certificate.order_id,
        issuer=certificate.issuer_id,
        serial=f"{certificate.serial:x}",
        reason=reason_name(reason),
        **details,
    )
