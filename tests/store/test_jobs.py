"""Jobs in the store, on SQLite and on PostgreSQL."""

# Writes are lambdas of one line here, and what they return does not matter.
# mypy: disable-error-code="func-returns-value"

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ca_core.model.errors import ErrorKind
from ca_core.model.jobs import JobState, JobType, TimerType
from store.database import Database
from tests.store.refused import refused
from tests.store.samples import (
    HOUR,
    NOW,
    PROBLEM,
    job,
    order,
)


async def test_a_job_comes_back_and_is_found(store: Database) -> None:
    """Operators would read another job than the one that ran."""
    placed = order()
    finished = job(
        order_id=placed.id,
        parent_id="job-0",
        subject_id="chl-1",
        state=JobState.FAILED,
        waiting_for="challenge",
        scheduled_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        executions=2,
        response={"x": "é"},
        error=PROBLEM,
        lease_owner="w",
        lease_until=NOW,
        fence=2,
    )
    running, timer = job(order_id=placed.id, subject_id="chl-1"), job(type=TimerType.CRL)
    await store.write(lambda tx: (tx.orders.add(placed), tx.jobs.add([finished, running, timer]), tx.jobs.add([])))
    assert await store.read(lambda tx: tx.jobs.get(finished.id)) == finished
    assert await store.read(lambda tx: tx.jobs.of_order(placed.id)) == [finished, running]
    kind = JobType.ISSUE_PRE_LINTING_JOB
    assert await store.read(lambda tx: tx.jobs.open_of_type(kind, "chl-1")) == running
    assert await store.read(lambda tx: tx.jobs.open_of_type(TimerType.CRL, None)) == timer
    assert await store.read(lambda tx: tx.jobs.open_of_type(kind, None)) is None


async def test_due_jobs_are_claimed_once_and_again_after_their_lease(store: Database) -> None:
    """A job would run twice at once, or never again after its worker died."""
    due = [job(), job(state=JobState.RETRY, due_at=NOW - HOUR), job(due_at=NOW - HOUR / 2)]
    others = [
        job(due_at=NOW + HOUR),
        job(state=JobState.RETRY, due_at=None),  # a stage: its order's job is the one that is due
        job(state=JobState.WAITING),
        job(state=JobState.SCHEDULE_REQUEST),
        job(state=JobState.SUCCESS),
    ]
    await store.write(lambda tx: tx.jobs.add([*due, *others]))

    async def claim(owner: str, now: Any, limit: int = 10) -> dict[str, Any]:
        until = now + timedelta(minutes=1)
        claimed = await store.write(lambda tx: tx.jobs.claim_due(owner=owner, now=now, lease_until=until, limit=limit))
        return {one.id: one for one in claimed}

    assert set(await claim("a", NOW, limit=1)) == {due[1].id}
    first = await claim("a", NOW)
    assert set(first) == {due[0].id, due[2].id}
    mine = first[due[0].id]
    assert (mine.state, mine.fence, mine.executions, mine.started_at) == (JobState.PROCESSING, 1, 1, NOW)
    assert (mine.lease_owner, mine.lease_until) == ("a", NOW + timedelta(minutes=1))
    assert await claim("b", NOW) == {}
    later = await claim("b", NOW + timedelta(minutes=1))
    assert set(later) == {one.id for one in due}
    assert later[mine.id].fence == 2
    assert await refused(store, lambda tx: tx.jobs.save(replace(mine, state=JobState.SUCCESS))) is ErrorKind.CONFLICT
    assert await refused(store, lambda tx: tx.jobs.renew(mine, NOW + HOUR)) is ErrorKind.CONFLICT
    await store.write(lambda tx: tx.jobs.renew(later[mine.id], NOW + 2 * HOUR))
    assert mine.id not in await claim("c", NOW + HOUR)
    done = replace(later[mine.id], state=JobState.SUCCESS, finished_at=NOW, response={"ok": True})
    await store.write(lambda tx: tx.jobs.save(done))
    assert await store.read(lambda tx: tx.jobs.get(mine.id)) == done
    assert await refused(store, lambda tx: tx.jobs.renew(done, NOW)) is ErrorKind.CONFLICT


async def test_one_job_is_claimed_whatever_its_due_time(store: Database) -> None:
    """The road that ends a waiting could not run on at once, or would run what another worker has."""
    waiting, running = job(state=JobState.WAITING), job(state=JobState.PROCESSING, lease_until=NOW)
    await store.write(lambda tx: tx.jobs.add([waiting, running]))

    async def claim(job_id: str) -> Any:
        return await store.write(lambda tx: tx.jobs.claim(job_id, owner="a", now=NOW, lease_until=NOW + HOUR))

    claimed = await claim(waiting.id)
    assert (claimed.id, claimed.state, claimed.fence) == (waiting.id, JobState.PROCESSING, 1)
    assert [await claim(waiting.id), await claim(running.id), await claim("job-none")] == [None, None, None]


async def test_a_waiting_job_is_woken_once(store: Database) -> None:
    """An order whose last authorization became valid would not go on."""
    waiting = job(state=JobState.WAITING, due_at=None)
    await store.write(lambda tx: tx.jobs.add([waiting]))
    assert [await store.write(lambda tx: tx.jobs.wake(waiting.id, NOW)) for _ in range(2)] == [True, False]
    claimed = await store.write(lambda tx: tx.jobs.claim_due(owner="a", now=NOW, lease_until=NOW + HOUR, limit=9))
    assert [(one.id, one.due_at) for one in claimed] == [(waiting.id, NOW)]


async def test_only_finished_timers_are_purged(store: Database) -> None:
    """Jobs that operators read would vanish, or timers pile up for ever."""
    placed = order()
    over = {"state": JobState.SUCCESS, "finished_at": NOW}
    gone = job(type=TimerType.HOURLY, **over)
    kept = [job(**over), job(order_id=placed.id, **over), job(type=TimerType.HOURLY)]
    await store.write(lambda tx: (tx.orders.add(placed), tx.jobs.add([gone, *kept])))
    assert await store.write(lambda tx: tx.jobs.purge_timers(NOW)) == 0
    assert await store.write(lambda tx: tx.jobs.purge_timers(NOW + HOUR)) == 1
    assert await store.read(lambda tx: [tx.jobs.get(one.id) for one in [gone, *kept]]) == [None, *kept]
