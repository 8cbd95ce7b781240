"""Try again what failed beside an order, or what waits for its next try, without waiting for it."""

from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.queries import order_for
from ca_core.orders.root_job import root_job_id
from ca_core.revocation.revoke import insisting

_STANDS_ALONE: Final = frozenset(
    {
        JobType.SEND_EMAIL_JOB,
        JobType.PUBLISH_CERTIFICATE_ORDER_JOB,
        JobType.PUBLISH_POST_CERTIFICATE_JOB,
        JobType.MANUAL_PUBLISH_CERTIFICATE_JOB,
        JobType.MANUAL_UNPUBLISH_CERTIFICATE_JOB,
        JobType.REVOKE_CERTIFICATE_JOB,
    }
)
"""Jobs that work on what an order made, and decide nothing about it: a failed one can be run again."""


async def retry(core: Core, order_id: str, principal: Principal, job_id: str | None = None) -> list[Job]:
    """Make the order's jobs due now that wait for their next try, or failed beside it; return them as they are then.

    ``job_id``: this one alone. Raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, and NOT_READY where nothing can be
    tried again: what an order failed of does not change by trying, and a new order is to be placed.
    """

    def act(tx: Transaction) -> list[Job]:
        order = order_for(tx, order_id, principal, Permission.ORDER_UPDATE)
        jobs = [job for job in tx.jobs.of_order(order.id) if job_id in {None, job.id}]
        if not jobs:
            raise TriviumError(ErrorKind.NOT_FOUND, "There is no such job of the order; check its id.")
        again = [_due(core, job) for job in jobs if can_run_again(order, job)]
        if not again:
            raise TriviumError(ErrorKind.NOT_READY, _why_not(order))
        for job in again:
            tx.jobs.save(job)
        names = [job.id for job in again]
        record = entry(core.sources, principal, "order.retry", order.id, client_id=order.client_id, jobs=names)
        tx.audit.append([record])
        return again

    return await insisting(core, act)


def can_run_again(order: Order, job: Job) -> bool:
    """Whether :func:`retry` would make the job due."""
    if job.type in _STANDS_ALONE:
        return job.state in {JobState.RETRY, JobState.FAILED}
    return job.id == root_job_id(order.id) and job.state is JobState.RETRY


def _due(core: Core, job: Job) -> Job:
    return replace(job, state=JobState.PENDING, due_at=core.sources.now(), finished_at=None)


def _why_not(order: Order) -> str:
    if order.state in {OrderState.FAILED, OrderState.REJECTED, OrderState.UNKNOWN}:
        return f"The order is {order.state} for good; place a new one."
    return "No job of the order waits for another try."
