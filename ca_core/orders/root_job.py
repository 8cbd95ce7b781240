"""The order's own job: the parent of its stages, and what a worker claims to run the pipeline."""

from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order


def root_job_id(order_id: str) -> str:
    """Return the id of the order's own job: the same UUID, so that no look-up is needed."""
    return "job-" + order_id.removeprefix("ord-")


def root_job(order: Order, waiting_for: str) -> Job:
    """Return the job of a new order, WAITING until its CSR is submitted."""
    return Job(
        id=root_job_id(order.id),
        type=JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB,
        state=JobState.WAITING,
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
