"""The worker loop: claims due jobs with leases and runs them. Any number of processes run it on one database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.issuers import IssuerKind
from ca_core.model.jobs import Job, JobState, JobType, TimerType
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders import maintenance, pipeline
from ca_core.orders.timers import schedule
from ca_core.validation.attempt import attempt

POLL_SECONDS: Final = 0.5
LEASE: Final = timedelta(seconds=30)
BATCH: Final = 16
MAXIMUM_EXECUTIONS: Final = 50
_LOG = logging.getLogger("trivium.worker")


async def _run_order(core: Core, job: Job) -> None:
    await pipeline.run(core, job)


async def _run_timer(core: Core, job: Job) -> None:
    """Run a timer and put its next run beside its result, in one transaction."""
    response, following = await maintenance.TIMERS[TimerType(job.type)](core, job)
    now = core.sources.now()
    done = replace(job, state=JobState.SUCCESS, finished_at=now, lease_until=None, response=response, error=None)

    def finish(tx: Transaction) -> None:
        tx.jobs.save(done)
        schedule(tx, core.sources, TimerType(job.type), job.subject_id, now + following)

    await core.store.write(finish)


HANDLERS: dict[JobType | TimerType, Callable[[Core, Job], Awaitable[None]]] = {
    JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB: _run_order,
    JobType.ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB: attempt,
    **dict.fromkeys(TimerType, _run_timer),
}


async def run(core: Core, stop: asyncio.Event) -> None:
    """Claim and run due jobs until ``stop`` is set; a store that fails is asked again later."""
    await start_timers(core)
    while not stop.is_set():
        try:
            worked = await run_due(core)
        except TriviumError as error:
            _LOG.warning("The worker waits for the store: %s", error.detail)
            worked = 0
        if worked < BATCH:
            await _pause(stop)


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), POLL_SECONDS)
    except TimeoutError:
        return


async def run_due(core: Core) -> int:
    """Claim what is due now, run it, and return how many jobs that were."""
    now = core.sources.now()
    jobs = await core.store.write(
        lambda tx: tx.jobs.claim_due(owner=core.worker, now=now, lease_until=now + LEASE, limit=BATCH)
    )
    await asyncio.gather(*(_run_job(core, job) for job in jobs))
    return len(jobs)


async def _run_job(core: Core, job: Job) -> None:
    try:
        await HANDLERS[job.type](core, job)
    except TriviumError as error:
        if error.kind is ErrorKind.CONFLICT:
            return  # another worker has it: its result counts, not ours
        await _retry_or_fail(core, job, error.problem)
    except Exception:  # noqa: BLE001 - whatever a job does, the worker lives on
        _LOG.exception("The job %s (%s) failed unexpectedly", job.id, job.type)
        problem = Problem(kind=ErrorKind.INTERNAL, detail="The job failed inside the gateway; see its log.")
        await _retry_or_fail(core, job, problem)


async def _retry_or_fail(core: Core, job: Job, problem: Problem) -> None:
    """Give the job back with a back-off that doubles; a timer is never given up, any other job after many tries."""
    now = core.sources.now()
    _LOG.warning("The job %s (%s) failed: %s", job.id, job.type, problem.detail)
    given_up = job.executions >= MAXIMUM_EXECUTIONS and not isinstance(job.type, TimerType)
    state = JobState.FAILED if given_up else JobState.RETRY
    due_at = now + timedelta(seconds=problem.retry_after or min(2**job.executions, 300))
    after = replace(job, state=state, due_at=due_at, lease_until=None, error=problem)
    try:
        await core.store.write(lambda tx: tx.jobs.save(after))
    except TriviumError as error:
        _LOG.warning("The job %s stays leased until %s: %s", job.id, job.lease_until, error.detail)


async def start_timers(core: Core) -> None:
    """See to it that every timer has its job; one that is there already stays as it is."""
    now = core.sources.now()

    def start(tx: Transaction) -> None:
        for timer in (TimerType.HOURLY, TimerType.NIGHTLY):
            if tx.jobs.open_of_type(timer, None) is None:
                schedule(tx, core.sources, timer, None, now)
        for issuer in tx.issuers.all():
            if issuer.kind is not IssuerKind.ISSUING:
                continue
            for timer in (TimerType.CRL, TimerType.OWN_CERTIFICATES):
                if tx.jobs.open_of_type(timer, issuer.id) is None:
                    schedule(tx, core.sources, timer, issuer.id, now)

    await core.store.write(start)
