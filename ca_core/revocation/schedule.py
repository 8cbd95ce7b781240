"""When an issuer's next CRL is made: one open job an issuer, moved forward by every revocation (rules 81 and I5)."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction

_WAITS_FOR_ITS_TIME: Final = frozenset({JobState.PENDING, JobState.RETRY})


def make_crl_due(tx: Transaction, sources: Sources, issuer_id: str, at: datetime) -> None:
    """See to it that a CRL of the issuer is begun at ``at`` or sooner, and after this transaction.

    A job that a worker has begun does not count: it may have read the list of revoked serials already.
    Raises CONFLICT when a worker claims the open job at this moment.
    """
    job = tx.jobs.open_of_type(TimerType.CRL, issuer_id)
    if job is None or job.state not in _WAITS_FOR_ITS_TIME:
        tx.jobs.add([_new_job(sources, issuer_id, at)])
    elif job.due_at is None or job.due_at > at:
        tx.jobs.save(replace(job, due_at=at))


def _new_job(sources: Sources, issuer_id: str, at: datetime) -> Job:
    now = sources.now()
    return Job(
        id=sources.new_id("job"),
        type=TimerType.CRL,
        state=JobState.PENDING,
        created_at=now,
        scheduled_at=now,
        due_at=at,
        subject_id=issuer_id,
    )
