"""Approvals as lists: the issuances and revocations that wait for users, and what a user has decided."""

from dataclasses import dataclass
from datetime import datetime

from ca_core.access.authorisation import clients_searched, permitted
from ca_core.access.visibility import MAX_PAGE
from ca_core.core import Core
from ca_core.model.approvals import Approval
from ca_core.model.certificates import RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobType
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.orders.approvals import policy_of, why_not_to_decide
from ca_core.revocation.reasons import parse_reason

_USER = f"{PrincipalKind.API_USER}:"


@dataclass(frozen=True, kw_only=True)
class PendingApproval:
    """An issuance that waits for approvals or, with a ``reason``, a revocation; ``id`` is the job that waits.

    ``requested_by`` is the actor who asked, ``requester`` his user name, empty where it is no user. ``needed`` is how
    many approvals let it go on. ``hindrance`` says why the principal cannot decide about it; None when he can.
    """

    id: str
    order: Order
    reason: RevocationReason | None
    requested_by: str
    requester: str
    since: datetime
    needed: int
    decisions: tuple[Approval, ...]
    hindrance: str | None

    @property
    def granted(self) -> int:
        """How many have agreed."""
        return sum(one.granted for one in self.decisions)


async def waiting(
    core: Core, principal: Principal, *, client_id: str | None = None, after: str = "", limit: int
) -> list[PendingApproval]:
    """Return a page of what waits for approvals, of a Client or (None) of all, oldest first, behind the job ``after``.

    Raises FORBIDDEN when the principal has APPROVAL_VIEW for no Client.
    """
    asked = None if client_id is None else frozenset({client_id})
    allowed = clients_searched(principal, Permission.APPROVAL_VIEW, asked)

    def read(tx: Transaction) -> list[PendingApproval]:
        jobs = tx.jobs.awaiting_approval(allowed, after=after, limit=max(1, min(limit, MAX_PAGE)))
        return [_pending(tx, job, principal) for job in jobs]

    return await core.store.read(read)


async def decided(core: Core, principal: Principal, *, after: str = "", limit: int) -> list[Approval]:
    """Return a page of what the principal himself decided, newest first, behind what he decided about ``after``.

    Raises FORBIDDEN when he has APPROVAL_VIEW for no Client.
    """
    allowed = clients_searched(principal, Permission.APPROVAL_VIEW, None)
    page = max(1, min(limit, MAX_PAGE))
    return await core.store.read(lambda tx: tx.approvals.by(principal.actor, allowed, after=after, limit=page))


def _pending(tx: Transaction, job: Job, principal: Principal) -> PendingApproval:
    order = tx.orders.get(job.order_id or "")
    if order is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The order of job {job.id} is gone.")
    revocation = job.type is JobType.RA_AUTHORIZE_CERT_REVOKE_JOB
    policy = policy_of(tx, order)
    requested_by: str = job.request["requestedBy"] if revocation else order.placed_by
    decisions = tuple(tx.approvals.of(job.id if revocation else order.id))
    return PendingApproval(
        id=job.id,
        order=order,
        reason=parse_reason(job.request["reason"]) if revocation else None,
        requested_by=requested_by,
        requester=_user_name(tx, requested_by),
        since=job.created_at,
        needed=policy.revocation if revocation else policy.issuance,
        decisions=decisions,
        hindrance=_hindrance(principal, order, requested_by, decisions),
    )


def _hindrance(principal: Principal, order: Order, requested_by: str, decisions: tuple[Approval, ...]) -> str | None:
    if not permitted(principal, Permission.APPROVAL_CREATE, order.client_id):
        return f"This needs the permission {Permission.APPROVAL_CREATE}, which you do not have for the Client."
    return why_not_to_decide(principal, requested_by, decisions)


def _user_name(tx: Transaction, actor: str) -> str:
    user = tx.users.get(actor.removeprefix(_USER)) if actor.startswith(_USER) else None
    return user.name if user else ""
