"""The order's own job: the parent of its stages, and what a worker claims to run the pipeline."""

from datetime import datetime

from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order


def root_job_id(order_id: str) -> str:
    """Return the id of the order's own job: the same UUID, so that no look-up is needed."""
    return "job-" + order_id.removeprefix("ord-")


def root_job(order: Order, waiting_for: str, due_at: datetime | None = None) -> Job:
    """Return the job of a new order, WAITING until its CSR is submitted, or control of its names is shown.

    ``due_at`` is when a worker is to run an order on that waits for nothing, if whoever placed it has not by then.
    """
    return Job(
        id=root_job_id(order.id),
        type=JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB,
        state=JobState.WAITING if due_at is None else JobState.PENDING,
        due_at=due_at,
        created_at=order.created_at,
        order_id=order.id,
        client_id=order.client_id,
        waiting_for=waiting_for,
        request={
            "road": order.road,
            "placedBy": order.placed_by,
            "identifiers": [str(identifier) for identifier in order.identifiers],
        },
    )
