"""The job that revokes a certificate at its planned time: one a certificate."""

from typing import Final

from ca_core.model.certificates import Certificate, PlannedRevocation
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.revocation.reasons import reason_name

MOST_AT_ONCE: Final = 50
"""Certificates of one key that a transaction revokes: everybody else's writes wait for it."""


def schedule_revocation(
    tx: Transaction, sources: Sources, certificate: Certificate, planned: PlannedRevocation
) -> None:
    """Give the worker its job, or move the one it has; one that is running looks at the plan itself."""
    request = {"reason": reason_name(planned.reason), "plannedBy": planned.planned_by}
    job = tx.jobs.open_of_type(JobType.REVOKE_CERTIFICATE_JOB, certificate.id)
    if job is not None and job.state is not JobState.PROCESSING:
        state = JobState.PENDING
        tx.jobs.save(replace(job, state=state, due_at=planned.revoke_at, request=request, error=None))
        return
    tx.jobs.add(
        [
            Job(
                id=sources.new_id("job"),
                type=JobType.REVOKE_CERTIFICATE_JOB,
                state=JobState.PENDING,
                created_at=planned.planned_at,
                scheduled_at=planned.planned_at,
                due_at=planned.revoke_at,
                order_id=certificate.order_id,
                client_id=certificate.client_id,
                subject_id=certificate.id,
                request=request,
            )
        ]
    )
