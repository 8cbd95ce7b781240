"""The worker loop: claims due jobs with leases and runs them. Any number of processes run it on one database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from ca_core.core import Core
from ca_core.model import publications
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.issuers import IssuerKind
from ca_core.model.jobs import Job, JobState, JobType, TimerType
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify.run_mail import run_mail
from ca_core.notify.run_webhook import run_webhook
from ca_core.orders import maintenance, pending_validation
from ca_core.orders.back_off import back_off
from ca_core.orders.delivery import LEASE
from ca_core.orders.enrol import go_on
from ca_core.orders.timers import schedule
from ca_core.publish.run import run_publication
from ca_core.revocation.planned import revoke_as_planned
from ca_core.validation.attempt import attempt

POLL_SECONDS: Final = 0.5
SLOTS: Final = 16
_LOG = logging.getLogger("trivium.worker")


async def _run_validation(core: Core, job: Job) -> None:
    """Look for control of an identifier: of an authorization that waits, or by a challenge that was answered."""
    waits = await core.store.read(lambda tx: tx.authorizations.get(job.subject_id or "")) is not None
    await (pending_validation.check(core, job) if waits else attempt(core, job))


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
    JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB: go_on,
    JobType.ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB: _run_validation,
    JobType.REVOKE_CERTIFICATE_JOB: revoke_as_planned,
    **dict.fromkeys(publications.ACTIONS, run_publication),
    JobType.SEND_EMAIL_JOB: run_mail,
    **dict.fromkeys(maintenance.TIMERS, _run_timer),
    TimerType.WEBHOOK: run_webhook,
}


async def run(core: Core, stop: asyncio.Event) -> None:
    """Claim and run due jobs until ``stop`` is set; whatever fails is tried again later, and the loop lives on.

    As many jobs run at a time as there are slots: a slow one holds up no other.
    """
    running: set[asyncio.Task[None]] = set()
    started = False
    while not stop.is_set():
        claimed: list[Job] = []
        try:
            if not started:
                await start_timers(core)
                started = True
            if len(running) < SLOTS:
                claimed = await _claim(core, SLOTS - len(running))
        except TriviumError as error:
            _LOG.warning("The worker waits for the store: %s", error.detail)
        except Exception:  # noqa: BLE001 - a row that this version cannot read must not end the process
            _LOG.exception("The worker could not claim its jobs")
        for job in claimed:
            task = asyncio.create_task(_run_job(core, job))
            running.add(task)
            task.add_done_callback(running.discard)
        await _pause(stop)
    await asyncio.gather(*running)


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), POLL_SECONDS)
    except TimeoutError:
        return


async def _claim(core: Core, limit: int) -> list[Job]:
    now = core.sources.now()
    return await core.store.write(
        lambda tx: tx.jobs.claim_due(owner=core.worker, now=now, lease_until=now + LEASE, limit=limit)
    )


async def run_due(core: Core) -> int:
    """Claim what is due now, run it to its end, and return how many jobs that were."""
    jobs = await _claim(core, SLOTS)
    await asyncio.gather(*(_run_job(core, job) for job in jobs))
    return len(jobs)


async def _run_job(core: Core, job: Job) -> None:
    try:
        await HANDLERS[job.type](core, job)
    except TriviumError as error:
        if error.kind is ErrorKind.CONFLICT:
            return  # another worker has it: its result counts, not ours
        await _retry(core, job, error.problem)
    except Exception:  # noqa: BLE001 - whatever a job does, the worker lives on
        _LOG.exception("The job %s (%s) failed unexpectedly", job.id, job.type)
        problem = Problem(kind=ErrorKind.INTERNAL, detail="The job failed inside the gateway; see its log.")
        await _retry(core, job, problem)


async def _retry(core: Core, job: Job, problem: Problem) -> None:
    """Give the job back with a back-off that doubles. None is given up here: an order fails in its own pipeline."""
    now = core.sources.now()
    _LOG.warning("The job %s (%s) failed: %s", job.id, job.type, problem.detail)
    due_at = now + back_off(problem, job.executions)
    after = replace(job, state=JobState.RETRY, due_at=due_at, lease_until=None, error=problem)
    try:
        await core.store.write(lambda tx: tx.jobs.save(after))
    except TriviumError as error:
        _LOG.warning("The job %s stays leased until %s: %s", job.id, job.lease_until, error.detail)


async def start_timers(core: Core) -> None:
    """See to it that every timer has its job; one that is there already stays as it is."""
    now = core.sources.now()

    def start(tx: Transaction) -> None:
        for timer in (TimerType.HOURLY, TimerType.NIGHTLY, TimerType.DOMAINS, TimerType.RENEWALS):
            if tx.jobs.open_of_type(timer, None) is None:
                schedule(tx, core.sources, timer, None, now)
        for issuer in tx.issuers.all():
            if issuer.kind is not IssuerKind.ISSUING:
                continue
            for timer in (TimerType.CRL, TimerType.OWN_CERTIFICATES):
                if tx.jobs.open_of_type(timer, issuer.id) is None:
                    schedule(tx, core.sources, timer, issuer.id, now)

    await core.store.write(start)
