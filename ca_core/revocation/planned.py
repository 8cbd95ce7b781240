"""Planned revocations: subscribers are told by ARI to renew before, then the worker revokes (RFC 9773 section 4.2)."""

from datetime import datetime, timedelta
from typing import Final

from ca_core.access.authorisation import require_on
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus, PlannedRevocation, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.revocation.reasons import parse_reason, reason_name
from ca_core.revocation.revoke import require_issued, revoke_in
from ca_core.revocation.schedule import schedule_revocation

_NOTICE: Final = timedelta(minutes=1)
_MAX_URL: Final = 2000


async def plan_revocation(
    core: Core,
    certificate_id: str,
    revoke_at: datetime,
    reason: RevocationReason | int,
    principal: Principal,
    *,
    explanation_url: str = "",
) -> Certificate:
    """Have the certificate (``crt-``) revoked at ``revoke_at`` (UTC), in place of an earlier plan; return it.

    ``explanation_url`` is a page for subscribers that says why. Raises NOT_FOUND, FORBIDDEN for anybody but an
    operator, BAD_REASON, ALREADY_REVOKED, and MALFORMED for a time that is too soon or behind the certificate's end.
    """
    parsed = parse_reason(reason)
    now = core.sources.now()
    _check(revoke_at, explanation_url, now)
    planned = PlannedRevocation(
        revoke_at=revoke_at,
        reason=parsed,
        planned_at=now,
        planned_by=principal.actor,
        explanation_url=explanation_url,
    )
    record = entry(
        core.sources,
        principal,
        "certificate.plan-revocation",
        certificate_id,
        revokeAt=revoke_at.isoformat(timespec="seconds"),
        reason=reason_name(parsed),
        explanationUrl=explanation_url,
    )

    def act(tx: Transaction) -> Certificate:
        certificate = _find(tx, certificate_id, principal)
        require_issued(certificate)
        if revoke_at >= certificate.not_after:
            end = certificate.not_after.isoformat(timespec="seconds")
            raise TriviumError(ErrorKind.MALFORMED, f"The certificate ends at {end} already; name a time before.")
        saved = tx.certificates.save(replace(certificate, planned_revocation=planned))
        schedule_revocation(tx, core.sources, saved, planned)
        tx.audit.append([replace(record, client_id=certificate.client_id)])
        return saved

    return await core.store.write(act)


async def withdraw_planned_revocation(core: Core, certificate_id: str, principal: Principal) -> Certificate:
    """Keep the certificate: its planned revocation is off; raises NOT_FOUND, FORBIDDEN, ALREADY_REVOKED."""
    record = entry(core.sources, principal, "certificate.withdraw-revocation", certificate_id)

    def act(tx: Transaction) -> Certificate:
        certificate = _find(tx, certificate_id, principal)
        require_issued(certificate)
        if certificate.planned_revocation is None:
            raise TriviumError(ErrorKind.NOT_FOUND, "No revocation of this certificate is planned.")
        tx.audit.append([replace(record, client_id=certificate.client_id)])
        return take_back(tx, core, certificate, withdrawnBy=principal.actor)

    return await core.store.write(act)


def take_back(tx: Transaction, core: Core, certificate: Certificate, **response: str) -> Certificate:
    """Take the plan back in the caller's transaction and end its job with ``response``; return the certificate."""
    saved = tx.certificates.save(replace(certificate, planned_revocation=None))
    job = tx.jobs.open_of_type(JobType.REVOKE_CERTIFICATE_JOB, certificate.id)
    if job is not None and job.state is not JobState.PROCESSING:
        tx.jobs.save(_finished(core, job, **response))
    return saved


async def revoke_as_planned(core: Core, job: Job) -> None:
    """Carry out the plan of the claimed job's certificate; one that was withdrawn or put off meanwhile is heeded."""

    def act(tx: Transaction) -> None:
        certificate = tx.certificates.get(job.subject_id or "")
        planned = certificate.planned_revocation if certificate else None
        if certificate is None or planned is None or certificate.status is not CertificateStatus.ISSUED:
            tx.jobs.save(_finished(core, job, revoked=False))
        elif planned.revoke_at > core.sources.now():
            tx.jobs.save(replace(job, state=JobState.PENDING, due_at=planned.revoke_at, lease_until=None))
        else:
            revoke_in(tx, core.sources, certificate, planned.reason, SYSTEM)
            tx.jobs.save(_finished(core, job, revoked=True, plannedBy=planned.planned_by))

    await core.store.write(act)


def _find(tx: Transaction, certificate_id: str, principal: Principal) -> Certificate:
    certificate = tx.certificates.get(certificate_id)
    if certificate is None or certificate.der is None:
        raise not_found("certificate")
    require_on(principal, Permission.CERTIFICATE_DELETE, "certificate", client_id=certificate.client_id)
    if principal.kind not in {PrincipalKind.OPERATOR, PrincipalKind.API_USER}:
        raise TriviumError(ErrorKind.FORBIDDEN, "Only an operator plans revocations.")
    return certificate


def _check(revoke_at: datetime, explanation_url: str, now: datetime) -> None:
    if revoke_at < now + _NOTICE:
        raise TriviumError(
            ErrorKind.MALFORMED,
            "A revocation is planned a minute ahead or more; revoke the certificate at once instead.",
        )
    if explanation_url and not (
        explanation_url.startswith(("https://", "http://"))
        and explanation_url.isascii()
        and explanation_url.isprintable()
        and " " not in explanation_url
        and len(explanation_url) <= _MAX_URL
    ):
        raise TriviumError(ErrorKind.MALFORMED, "The explanation must be an http or https URL in ASCII.")


def _finished(core: Core, job: Job, **response: str | bool) -> Job:
    return replace(
        job,
        state=JobState.SUCCESS,
        finished_at=core.sources.now(),
        lease_until=None,
        response=job.response | response,
        error=None,
    )
