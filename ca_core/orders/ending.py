"""Ending an order that waits: rejected, cancelled or too late. What is being processed ends by itself."""

from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.audit import Outcome
from ca_core.model.certificates import CertificateStatus, Revocation, RevocationReason
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import JobState
from ca_core.model.orders import Order, OrderState
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify import events
from ca_core.orders.journal import LEASE
from ca_core.orders.root_job import root_job_id
from ca_core.orders.states import OrderEvent, after
from ca_core.orders.timers import make_crl_due

BEFORE_SIGNATURE: Final = frozenset(
    {
        OrderState.NEW,
        OrderState.PENDING_CSR_RENEWAL,
        OrderState.KEY_VALIDATION,
        OrderState.GENERATE_TBS,
        OrderState.PRE_VALIDATION,
        OrderState.PENDING_AUTH,
        OrderState.PRE_ISSUE,
    }
)
_UNFINISHED: Final = frozenset({JobState.WAITING, JobState.PENDING, JobState.RETRY})


def end(
    core: Core, tx: Transaction, order: Order, event: OrderEvent, problem: Problem, principal: Principal, action: str
) -> Order:
    """End an order that waits or is tried again later, and its jobs with it; return it as it is stored then.

    A serial that was reserved is given up, and the Client's webhooks are told. Raises NOT_READY for an order that is
    over, that is being processed at this moment, or whose certificate may have been signed.
    """
    if order.state not in BEFORE_SIGNATURE:
        raise TriviumError(ErrorKind.NOT_READY, f"The order is {order.state}; revoke its certificate, if it has one.")
    now = core.sources.now()
    root = tx.jobs.claim(root_job_id(order.id), owner=core.worker, now=now, lease_until=now + LEASE)
    if root is None:
        raise TriviumError(ErrorKind.NOT_READY, "The order is being processed at this moment; look again.")
    _abandon(core, tx, order, principal)
    for job in tx.jobs.of_order(order.id):
        if job.id != root.id and job.state in _UNFINISHED:
            tx.jobs.save(replace(job, state=JobState.FAILED, finished_at=now, error=problem, waiting_for=""))
    tx.jobs.save(replace(root, state=JobState.FAILED, finished_at=now, lease_until=None, error=problem, waiting_for=""))
    tx.audit.append(
        [
            entry(
                core.sources,
                principal,
                action,
                order.id,
                client_id=order.client_id,
                outcome=Outcome.SUCCESS,
                error=problem.id,
                detail=problem.detail,
            )
        ]
    )
    ended = tx.orders.save(replace(order, state=after(order.state, event), error=problem))
    events.order_ended(tx, core.sources, ended)
    return ended


def _abandon(core: Core, tx: Transaction, order: Order, principal: Principal) -> None:
    """Give up the serial of an intent: it is never used again, and counts as revoked (rules 3, 7)."""
    for intent in tx.certificates.of_order(order.id):
        if intent.status is CertificateStatus.INTENDED:
            revocation = Revocation(
                revoked_at=core.sources.now(), reason=RevocationReason.UNSPECIFIED, revoked_by=principal.actor
            )
            tx.certificates.save(replace(intent, status=CertificateStatus.ABANDONED, revocation=revocation))
            make_crl_due(tx, core.sources, intent.issuer_id)
