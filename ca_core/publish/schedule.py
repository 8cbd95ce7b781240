"""The jobs that publish a certificate or take it back: one for each event, in the transaction of what led to it."""

from datetime import timedelta

from ca_core.model.certificates import Certificate
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.principals import Principal
from ca_core.model.publications import ACTIONS, PublicationAction
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.delivery import delivery_of

OPEN = frozenset({JobState.WAITING, JobState.PENDING, JobState.PROCESSING, JobState.RETRY})


def publication_jobs(tx: Transaction, certificate: Certificate) -> list[Job]:
    """Return the jobs of the certificate's publication events, oldest first."""
    jobs = tx.jobs.of_order(certificate.order_id)
    return [job for job in jobs if job.type in ACTIONS and job.subject_id == certificate.id]


def schedule(
    tx: Transaction,
    sources: Sources,
    certificate: Certificate,
    job_type: JobType,
    principal: Principal,
    *,
    because: str,
    parent_id: str | None = None,
) -> Job:
    """Add the event's job, due now, and return it; it is later than every event before, whatever the clock says."""
    new = delivery_of(sources, job_type, certificate)
    earlier = (job.created_at + timedelta.resolution for job in publication_jobs(tx, certificate))
    job = replace(
        new,
        created_at=max([new.created_at, *earlier]),
        parent_id=parent_id,
        request={"askedBy": principal.actor, "because": because},
    )
    tx.jobs.add([job])
    return job


def unpublish_revoked(tx: Transaction, sources: Sources, certificate: Certificate, principal: Principal) -> None:
    """Have a certificate that is being revoked taken out of the directory, if it is there or on its way."""
    events = publication_jobs(tx, certificate)
    if events and ACTIONS[JobType(events[-1].type)] is PublicationAction.PUBLISH:
        schedule(tx, sources, certificate, JobType.MANUAL_UNPUBLISH_CERTIFICATE_JOB, principal, because="revoked")
