"""Delivery: what the gateway sends to other servers, tried again with a back-off until it is given up (fault F19).

A delivery is a job like any other, written in the transaction of what it tells of: an outbox that survives a restart.
It may happen twice, when a process ends in the middle of it, and never not at all.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.back_off import back_off

MAXIMUM_TRIES: Final = 20
"""The last is a day and a half after the first: long enough for a server's bad night."""

LEASE: Final = timedelta(seconds=30)
"""For how long a job is a worker's own; what takes longer renews it."""

LONGEST_WAIT: Final = timedelta(hours=6)
_LOG = logging.getLogger("trivium.delivery")


def delivery_of(sources: Sources, job_type: JobType, subject: Certificate | Order) -> Job:
    """Return a job, due now, that delivers something about a certificate or an order."""
    now = sources.now()
    return Job(
        id=sources.new_id("job"),
        type=job_type,
        state=JobState.PENDING,
        created_at=now,
        scheduled_at=now,
        due_at=now,
        order_id=subject.id if isinstance(subject, Order) else subject.order_id,
        client_id=subject.client_id,
        subject_id=subject.id,
    )


async def deliver(
    core: Core,
    job: Job,
    act: Callable[[], Awaitable[dict[str, Any]]],
    *,
    beside: Callable[[Transaction, Job], object] | None = None,
) -> None:
    """Run ``act`` for the claimed ``job`` and keep what came of it: its response, or the error and when to try again.

    UNAVAILABLE and whatever nobody foresaw are tried again, any other error fails the job at once. ``act`` ends within
    the job's lease. ``beside`` is given the job as it is then, in the transaction that keeps it. Raises CONFLICT when
    another worker has claimed the job since.
    """
    try:
        response = await act()
    except TriviumError as error:
        done = _failed(core, job, error.problem, passing=error.kind is ErrorKind.UNAVAILABLE)
    except Exception:  # noqa: BLE001 - whatever another server makes us stumble over, it is tried again and given up
        _LOG.exception("The job %s (%s) failed unexpectedly", job.id, job.type)
        problem = Problem(kind=ErrorKind.INTERNAL, detail="The delivery failed inside the gateway; see its log.")
        done = _failed(core, job, problem, passing=True)
    else:
        done = replace(
            job,
            state=JobState.SUCCESS,
            finished_at=core.sources.now(),
            lease_until=None,
            response=job.response | response,
            error=None,
        )

    def keep(tx: Transaction) -> None:
        tx.jobs.save(done)
        if beside is not None:
            beside(tx, done)

    await core.store.write(keep)


def _failed(core: Core, job: Job, problem: Problem, *, passing: bool) -> Job:
    now = core.sources.now()
    _LOG.warning("The job %s (%s) failed at try %s: %s", job.id, job.type, job.executions, problem.detail)
    if passing and job.executions < MAXIMUM_TRIES:
        due_at = now + back_off(problem, job.executions, longest=LONGEST_WAIT)
        return replace(job, state=JobState.RETRY, due_at=due_at, lease_until=None, error=problem)
    recorded = problem.recorded_as(core.sources.new_id("err"))
    return replace(job, state=JobState.FAILED, finished_at=now, lease_until=None, error=recorded)
