"""Timers: the gateway's own recurring work as job rows; one open job a type and subject."""

from datetime import datetime

from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace


def make_due(tx: Transaction, sources: Sources, timer: TimerType, subject_id: str | None) -> None:
    """Make the timer run now: its open job becomes due, or a new one is added.

    A job that is being processed may have read its data before this transaction, so another one follows it.
    """
    schedule(tx, sources, timer, subject_id, sources.now())


def schedule(tx: Transaction, sources: Sources, timer: TimerType, subject_id: str | None, due_at: datetime) -> None:
    """See to it that the timer runs at ``due_at`` (UTC) or earlier."""
    waiting = tx.jobs.open_of_type(timer, subject_id)
    if waiting is not None and waiting.state in {JobState.PENDING, JobState.RETRY}:
        if waiting.due_at is None or waiting.due_at > due_at:
            tx.jobs.save(replace(waiting, due_at=due_at))
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
