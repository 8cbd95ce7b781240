"""Timers: the gateway's own recurring work as job rows; one open job a type and subject."""

from datetime import datetime, timedelta
from typing import Final

from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace

CRL_INTERVAL: Final = timedelta(seconds=10)
"""The least time between two CRLs: each is complete, so that revocations soon after each other share one."""


def make_crl_due(tx: Transaction, sources: Sources, issuer_id: str) -> None:
    """Have the issuer's next CRL made now, or when the interval since the last one is over.

    A job that is being processed may have read its data before this transaction, so another one follows it.
    """
    now = sources.now()
    latest = now + CRL_INTERVAL
    job = tx.jobs.open_of_type(TimerType.CRL, issuer_id)
    if job is not None and job.state is JobState.PENDING and job.due_at is not None and job.due_at <= latest:
        tx.jobs.save(job)  # takes its row: a claim meanwhile is a CONFLICT, a later one sees this transaction
        return
    newest = tx.crls.latest_head(issuer_id)
    last = None if newest is None else newest.this_update
    if job is not None and job.state is JobState.PROCESSING:
        last = now
    # The clock may have gone back since the last one: an interval from now is the longest wait.
    due_at = now if last is None else min(max(now, last + CRL_INTERVAL), latest)
    schedule(tx, sources, TimerType.CRL, issuer_id, due_at)


def schedule(tx: Transaction, sources: Sources, timer: TimerType, subject_id: str | None, due_at: datetime) -> None:
    """See to it that the timer runs at ``due_at`` (UTC) or earlier."""
    waiting = tx.jobs.open_of_type(timer, subject_id)
    if waiting is not None and waiting.state in {JobState.PENDING, JobState.RETRY}:
        tx.jobs.save(replace(waiting, due_at=due_at if waiting.due_at is None else min(waiting.due_at, due_at)))
        return
    now = sources.now()
    tx.jobs.add(
        [
            Job(
                id=sources.new_id("job"),
                type=timer,
                state=JobState.PENDING,
                created_at=now,
                scheduled_at=now,
                due_at=due_at,
                subject_id=subject_id,
            )
        ]
    )
