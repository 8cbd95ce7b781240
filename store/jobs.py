"""Jobs in the store: claimed with a lease and a fencing token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, insert, or_, select, update

from ca_core.model.jobs import Job, JobState, JobType, TimerType
from ca_core.model.values import of_members
from store.columns import Time, among, inline
from store.revisions import conflict
from store.statements import Executor, Row, Statement
from store.tables import awaits_approval, jobs, open_job, orders

_CLAIMED = {
    "state": inline(JobState.PROCESSING),
    "fence": jobs.c.fence + 1,
    "executions": jobs.c.executions + 1,
    "started_at": bindparam("now"),
    "lease_owner": bindparam("owner"),
    "lease_until": bindparam("lease_until"),
    "claimable_at": bindparam("lease_until"),
}
_WORKED = (
    *("state", "waiting_for", "scheduled_at", "started_at", "finished_at", "due_at", "executions"),
    *("request", "response", "error", "lease_owner", "lease_until", "claimable_at"),
)

_ADD = Statement(insert(jobs))
_GET = Statement(select(jobs).where(jobs.c.id == bindparam("id")))
_OF_ORDER = Statement(
    select(jobs).where(jobs.c.order_id == bindparam("order_id")).order_by(jobs.c.created_at, jobs.c.id)
)
_OPEN = Statement(
    select(jobs)
    .where(jobs.c.type == bindparam("type"), jobs.c.subject_id.is_not_distinct_from(bindparam("subject_id")), open_job)
    .order_by(jobs.c.state == inline(JobState.PROCESSING), jobs.c.id)
    .limit(1)
)
# SKIP LOCKED is for PostgreSQL; SQLite, which has one writer at a time, compiles to nothing there.
_due = (
    select(jobs.c.id)
    .where(jobs.c.claimable_at <= bindparam("now"))
    .order_by(jobs.c.claimable_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM_DUE = Statement(update(jobs).where(jobs.c.id.in_(select(_due.c.id))).values(_CLAIMED).returning(jobs))
_CLAIM = Statement(
    update(jobs)
    .where(
        jobs.c.id == bindparam("id"),
        jobs.c.state.in_([inline(JobState.WAITING), inline(JobState.PENDING), inline(JobState.RETRY)]),
    )
    .values(_CLAIMED)
    .returning(jobs)
)
_MINE = (jobs.c.id == bindparam("id")) & (jobs.c.fence == bindparam("fence"))
_RENEW = Statement(
    update(jobs)
    .where(_MINE, jobs.c.state == inline(JobState.PROCESSING))
    .values(lease_until=bindparam("lease_until"), claimable_at=bindparam("lease_until"))
)
_SAVE = Statement(update(jobs).where(_MINE).values({name: bindparam(name) for name in _WORKED}))
_WOKEN = {"state": inline(JobState.PENDING), "due_at": bindparam("now"), "claimable_at": bindparam("now")}
_WAKE = Statement(
    update(jobs).where(jobs.c.id == bindparam("id"), jobs.c.state == inline(JobState.WAITING)).values(_WOKEN)
)
# By the index of open jobs: what waits is little beside all that was ever ordered.
_waiting = (
    select(jobs.c.id)
    .join(orders, orders.c.id == jobs.c.order_id)
    .where(
        jobs.c.type == inline(JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB),
        open_job,
        jobs.c.state == inline(JobState.WAITING),
        or_(
            orders.c.client_id == bindparam("client_id"),
            orders.c.placed_by == bindparam("placed_by"),
            orders.c.credential_id == bindparam("credential_id"),
        ),
    )
)
_WAKE_ORDERS = Statement(update(jobs).where(jobs.c.id.in_(_waiting)).values(_WOKEN))
_HOLD = Statement(update(jobs).where(jobs.c.id == bindparam("id")).values(state=jobs.c.state))
_idle = jobs.c.state.in_([inline(JobState.WAITING), inline(JobState.PENDING)])
_now = bindparam("now", type_=Time())
_sooner = or_(jobs.c.due_at.is_(None), jobs.c.due_at > _now)
# It always writes the row, even if nothing changes: that is what brings two transactions into an order (PostgreSQL).
_MAKE_DUE = Statement(
    update(jobs)
    .where(jobs.c.id == bindparam("id"))
    .values(
        state=case((_idle, inline(JobState.PENDING)), else_=jobs.c.state),
        due_at=case((and_(_idle, _sooner), _now), else_=jobs.c.due_at),
        claimable_at=case((and_(_idle, _sooner), _now), else_=jobs.c.claimable_at),
    )
)
_PURGE_TIMERS = Statement(
    delete(jobs).where(
        jobs.c.order_id.is_(None),
        jobs.c.type.in_([inline(timer) for timer in TimerType]),
        jobs.c.finished_at < bindparam("finished_before"),
    )
)


class JobTable:
    """Implements :class:`ca_core.model.store.Jobs`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, jobs: Sequence[Job]) -> None:
        """Store new jobs."""
        self._run.change_many(_ADD, [_values(job) for job in jobs])

    def get(self, job_id: str) -> Job | None:
        """Return the job of this id."""
        return _job(self._run.one(_GET, {"id": job_id}))

    def of_order(self, order_id: str) -> list[Job]:
        """Return the order's jobs, oldest first."""
        return [_loaded(row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]

    def open_of_type(self, job_type: JobType | TimerType, subject_id: str | None) -> Job | None:
        """Return the job of this type and subject that is not over: the oldest, one not begun before all."""
        return _job(self._run.one(_OPEN, {"type": job_type, "subject_id": subject_id}))

    def awaiting_approval(self, client_ids: frozenset[str] | None, *, after: str, limit: int) -> list[Job]:
        """Return the jobs that wait for approvals, of these Clients (None: of all), by id, behind the id ``after``."""
        page = select(jobs).where(awaits_approval, jobs.c.id > after).order_by(jobs.c.id).limit(limit)
        if client_ids is not None:
            page = page.where(among(jobs.c.client_id, client_ids))
        return [_loaded(row) for row in self._run.search(page)]

    def claim_due(self, *, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[Job]:
        """Claim PENDING and RETRY jobs whose time has come, and PROCESSING ones whose lease is over."""
        rows = self._run.all(_CLAIM_DUE, {"owner": owner, "now": now, "lease_until": lease_until, "limit": limit})
        return [_loaded(row) for row in rows]

    def claim(self, job_id: str, *, owner: str, now: datetime, lease_until: datetime) -> Job | None:
        """Claim one WAITING, PENDING or RETRY job, whatever its due time; None when it is none of these."""
        return _job(self._run.one(_CLAIM, {"id": job_id, "owner": owner, "now": now, "lease_until": lease_until}))

    def renew(self, job: Job, lease_until: datetime) -> None:
        """Prolong the lease of a claimed job; raises CONFLICT when another worker has claimed it since."""
        if not self._run.change(_RENEW, {"id": job.id, "fence": job.fence, "lease_until": lease_until}):
            raise _lost(job)

    def save(self, job: Job) -> None:
        """Save a job this worker claimed, matched by id and fence; raises CONFLICT."""
        if not self._run.change(_SAVE, _values(job)):
            raise _lost(job)

    def wake(self, job_id: str, now: datetime) -> bool:
        """Make a WAITING job PENDING and due now; False when it was not WAITING.

        The row is taken in any case: what ends the waiting is seen by a worker that gives the job back meanwhile.
        """
        self._run.change(_HOLD, {"id": job_id})
        return self._run.change(_WAKE, {"id": job_id, "now": now}) == 1

    def wake_orders(self, now: datetime, *, client_id: str = "", placed_by: str = "", credential_id: str = "") -> int:
        """Wake the own job of every waiting order of a Client, of a requester or of a credential; return how many."""
        values = {"now": now, "client_id": client_id, "placed_by": placed_by, "credential_id": credential_id}
        return self._run.change(_WAKE_ORDERS, values)

    def make_due(self, job_id: str, now: datetime) -> None:
        """Make a WAITING or PENDING job due now; others stay as they are."""
        self._run.change(_MAKE_DUE, {"id": job_id, "now": now})

    def purge_timers(self, finished_before: datetime) -> int:
        """Delete finished timer jobs, which no order refers to; return how many."""
        return self._run.change(_PURGE_TIMERS, {"finished_before": finished_before})


def _lost(job: Job) -> Exception:
    return conflict(f"job {job.id} (claim {job.fence})")


def _values(job: Job) -> dict[str, Any]:
    return {**vars(job), "claimable_at": _claimable_at(job)}


def _claimable_at(job: Job) -> datetime | None:
    """From when on a worker may claim the job; None when it may not, as a stage: its order's job is claimed."""
    if job.state in {JobState.PENDING, JobState.RETRY}:
        return job.due_at
    return job.lease_until if job.state is JobState.PROCESSING else None


def _job(row: Row | None) -> Job | None:
    return None if row is None else _loaded(row)


def _loaded(row: Row) -> Job:
    del row["claimable_at"]
    return of_members(Job, row)
