"""Approvals: users besides the requester agree to an issuance or a revocation, or one of them rejects it (four eyes).

Whoever holds APPROVAL_CREATE for the Client decides, once, and never about what he asked for himself.
"""

from collections.abc import Iterable
from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import RecipientType
from ca_core.model.approvals import Approval
from ca_core.model.certificates import CertificateStatus
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import ApprovalPolicy
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify.mail import notify_approval
from ca_core.orders import pipeline
from ca_core.orders.ending import end
from ca_core.orders.journal import LEASE
from ca_core.orders.queries import order_for
from ca_core.orders.root_job import root_job_id
from ca_core.orders.states import OrderEvent
from ca_core.revocation import approval as revocation_approval
from ca_core.revocation.reasons import parse_reason
from ca_core.revocation.revoke import insisting, revoke_in

MAX_REASON: Final = 1000
"""Characters."""
_DECIDED: Final = frozenset({JobType.ISSUE_AUTHORIZATION_JOB, JobType.RA_AUTHORIZE_CERT_REVOKE_JOB})
_USERS: Final = frozenset({PrincipalKind.API_USER, PrincipalKind.OPERATOR})


async def listing(core: Core, order_id: str, principal: Principal) -> list[Approval]:
    """Return what was decided about an order, oldest first; raises NOT_FOUND, FORBIDDEN without APPROVAL_VIEW."""

    def read(tx: Transaction) -> list[Approval]:
        order = order_for(tx, order_id, principal, Permission.APPROVAL_VIEW)
        return tx.approvals.of_order(order.id)

    return await core.store.read(read)


async def approve(
    core: Core, order_id: str, principal: Principal, reason: str = "", *, job_id: str | None = None
) -> Order:
    """Approve what the order waits for: its issuance, or the revocation of its certificate.

    With the last approval that is needed it goes on; return the order as it is then. ``job_id`` is the job that the
    approver has seen wait, so that he does not decide about something else that waits by now. Raises NOT_FOUND;
    FORBIDDEN without APPROVAL_CREATE, for the requester, and for whoever has decided already; NOT_READY when nothing
    waits, or not this.
    """

    def decide(tx: Transaction) -> tuple[Order, Job | None]:
        order = order_for(tx, order_id, principal, Permission.APPROVAL_CREATE)
        revocation = revocation_approval.waiting(tx, order)
        _require_waits(tx, order, revocation, job_id)
        if revocation is not None:
            granted = _decide(core, tx, order, revocation.id, revocation.request["requestedBy"], principal, reason)
            if granted >= policy_of(tx, order).revocation:
                notify_approval(tx, core.sources, RecipientType.AUTHORIZATION_ACCEPTED, order, revocation)
                _revoke(core, tx, revocation, principal)
            return tx.orders.save(tx.orders.get(order.id) or order), None
        if order.state is not OrderState.PENDING_AUTH:
            raise TriviumError(ErrorKind.NOT_READY, f"The order is {order.state}; nothing waits for an approval.")
        granted = _decide(core, tx, order, order.id, order.placed_by, principal, reason)
        saved = tx.orders.save(order)  # of two who approve at once the second sees the first
        if granted < policy_of(tx, order).issuance:
            return saved, None
        notify_approval(tx, core.sources, RecipientType.AUTHORIZATION_ACCEPTED, order)
        now = core.sources.now()
        return saved, tx.jobs.claim(root_job_id(order.id), owner=core.worker, now=now, lease_until=now + LEASE)

    order, root = await insisting(core, decide)
    return order if root is None else await pipeline.run(core, root)


async def reject(core: Core, order_id: str, principal: Principal, reason: str, *, job_id: str | None = None) -> Order:
    """Reject what the order waits for: the order ends REJECTED, or the certificate stays. Raises as :func:`approve`.

    One who rejects is enough, and says why: MALFORMED without a ``reason``.
    """
    if not reason.strip():
        raise TriviumError(ErrorKind.MALFORMED, "A rejection needs a reason; the requester reads it.")

    def decide(tx: Transaction) -> Order:
        order = order_for(tx, order_id, principal, Permission.APPROVAL_CREATE)
        revocation = revocation_approval.waiting(tx, order)
        _require_waits(tx, order, revocation, job_id)
        problem = Problem(kind=ErrorKind.FORBIDDEN, detail=f"It was rejected: {reason.strip()}").recorded_as(
            core.sources.new_id("err")
        )
        if revocation is not None:
            _decide(core, tx, order, revocation.id, revocation.request["requestedBy"], principal, reason, granted=False)
            now = core.sources.now()
            tx.jobs.save(replace(revocation, state=JobState.FAILED, finished_at=now, error=problem, waiting_for=""))
            notify_approval(tx, core.sources, RecipientType.AUTHORIZATION_REJECTED, order, revocation, reason=reason)
            return tx.orders.save(order)
        if order.state is not OrderState.PENDING_AUTH:
            raise TriviumError(ErrorKind.NOT_READY, f"The order is {order.state}; nothing waits for an approval.")
        _decide(core, tx, order, order.id, order.placed_by, principal, reason, granted=False)
        ended = end(core, tx, order, OrderEvent.REJECTED, problem, principal, "order.reject")
        # Only now, for the end of an order ends the mail about it that is still on its way.
        notify_approval(tx, core.sources, RecipientType.AUTHORIZATION_REJECTED, ended, reason=reason)
        return ended

    return await insisting(core, decide)


def _require_waits(tx: Transaction, order: Order, revocation: Job | None, job_id: str | None) -> None:
    """Raise NOT_READY when something else waits than the job that the approver has seen, if he says which."""
    waiting = [
        job.id
        for job in ([revocation] if revocation else tx.jobs.of_order(order.id))
        if job.state is JobState.WAITING and job.type in _DECIDED
    ]
    if job_id is None or job_id in waiting:
        return
    raise TriviumError(ErrorKind.NOT_READY, "What you decide about waits no more; look at the order again.")


def why_not_to_decide(principal: Principal, requester: str, decisions: Iterable[Approval]) -> str | None:
    """Say why the principal does not decide about what the actor ``requester`` asked for; None when he may.

    ``decisions`` are those that were made about it. Permissions are not looked at.
    """
    if principal.kind not in _USERS or principal.actor == requester:
        return "Whoever asked for it does not decide about it; another user must (four eyes)."
    if any(one.approver == principal.actor for one in decisions):
        return "You have decided about it already; another user must."
    return None


def check_reason(reason: str) -> None:
    """Raise MALFORMED for a reason that is too long to be kept."""
    if len(reason) > MAX_REASON:
        raise TriviumError(ErrorKind.MALFORMED, f"The reason has at most {MAX_REASON} characters; shorten it.")


def _decide(
    core: Core,
    tx: Transaction,
    order: Order,
    subject_id: str,
    requester: str,
    principal: Principal,
    reason: str,
    *,
    granted: bool = True,
) -> int:
    """Keep a decision; return how many have agreed by now."""
    decisions = tx.approvals.of(subject_id)
    refusal = why_not_to_decide(principal, requester, decisions)
    if refusal is not None:
        raise TriviumError(ErrorKind.FORBIDDEN, refusal)
    check_reason(reason)
    approval = Approval(
        subject_id=subject_id,
        order_id=order.id,
        client_id=order.client_id,
        approver=principal.actor,
        granted=granted,
        reason=reason.strip(),
        decided_at=core.sources.now(),
    )
    tx.approvals.add(approval)
    record = entry(
        core.sources,
        principal,
        "approval.grant" if granted else "approval.refuse",
        order.id,
        client_id=order.client_id,
        subject=subject_id,
        reason=approval.reason,
    )
    tx.audit.append([record])
    return sum(one.granted for one in decisions) + granted


def _revoke(core: Core, tx: Transaction, job: Job, principal: Principal) -> None:
    """Revoke what the job waited for; a certificate that was revoked meanwhile stays as it is."""
    certificate = tx.certificates.get(job.subject_id or "")
    if certificate is not None and certificate.status is CertificateStatus.ISSUED:
        revoke_in(
            tx,
            core.sources,
            certificate,
            parse_reason(job.request["reason"]),
            principal,
            requestor=job.request["requestor"],
            requestedBy=job.request["requestedBy"],
            approval=job.id,
        )
    now = core.sources.now()
    tx.jobs.save(replace(job, state=JobState.SUCCESS, finished_at=now, waiting_for=""))


def policy_of(tx: Transaction, order: Order) -> ApprovalPolicy:
    """Return how many must approve the issuance and the revocation of an order."""
    product = tx.products.version(order.product_id, order.product_version)
    if product is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The product version {order.product_version} is gone.")
    return product.policy.approval
