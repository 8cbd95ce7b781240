"""The contract of the repositories of webhooks and their deliveries, on SQLite and on PostgreSQL."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.store import Transaction
from ca_core.model.webhooks import Delivery, DeliveryState, EventType, Webhook
from store.database import Database, open_store
from tests.store.samples import CLIENT, HOUR, NOW, add_basics, job

WEBHOOK = Webhook(
    id="whk-1",
    client_id=CLIENT.id,
    url="https://hooks.example.test/",
    events=frozenset({EventType.ORDER_ISSUED, EventType.CERTIFICATE_REVOKED}),
    description="é",
    created_by="operator:console",
    created_at=NOW,
)
JOB = job(id="job-1", type=TimerType.WEBHOOK, state=JobState.WAITING, due_at=None, subject_id=WEBHOOK.id)


def delivery(number: int, **changes: object) -> Delivery:
    """Return a delivery that is due."""
    made = Delivery(
        id=f"msg-{number}",
        webhook_id=WEBHOOK.id,
        client_id=CLIENT.id,
        event=EventType.ORDER_ISSUED,
        body="{}",
        created_at=NOW + number * HOUR,
        due_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with a webhook and its job."""

    def fill(tx: Transaction) -> None:
        add_basics(tx)
        tx.webhooks.add(WEBHOOK, b"sealed")
        tx.jobs.add([JOB])

    await database.write(fill)
    return database


async def test_a_webhook_is_changed_by_its_revision_and_deleted_with_its_deliveries(store: Database) -> None:
    """Of two changes at once one would be lost, or what a deleted webhook was told would stay for ever."""
    assert await store.read(lambda tx: tx.webhooks.get(WEBHOOK.id)) == WEBHOOK
    changed = await store.write(lambda tx: tx.webhooks.save(replace(WEBHOOK, enabled=False)))
    renewed = await store.write(lambda tx: tx.webhooks.save_secret(changed, b"other"))
    with pytest.raises(TriviumError) as late:
        await store.write(lambda tx: tx.webhooks.save(changed))
    assert late.value.kind is ErrorKind.CONFLICT
    found = await store.read(
        lambda tx: (tx.webhooks.of_client(CLIENT.id), tx.webhooks.sealed(WEBHOOK.id), tx.webhooks.of_client("other"))
    )
    assert found == ([renewed], b"other", [])
    assert await store.read(lambda tx: tx.webhooks.search(None, before=None, limit=9)) == [renewed]
    assert await store.read(lambda tx: tx.webhooks.search(frozenset({"other"}), before=None, limit=9)) == []
    await store.write(lambda tx: tx.deliveries.add([delivery(1)]))
    await store.write(lambda tx: tx.webhooks.delete(renewed))
    assert await store.read(lambda tx: (tx.webhooks.get(WEBHOOK.id), tx.deliveries.get("msg-1"))) == (None, None)


async def test_deliveries_are_found_when_they_are_due(store: Database) -> None:
    """A delivery would be sent in another order, too early or never."""
    rows = [delivery(1), delivery(2, due_at=NOW + HOUR), delivery(3, state=DeliveryState.DELIVERED, due_at=None)]
    await store.write(lambda tx: tx.deliveries.add(rows))
    assert await store.read(lambda tx: tx.deliveries.due(WEBHOOK.id, NOW, 9)) == rows[:1]
    assert await store.read(lambda tx: tx.deliveries.is_full(WEBHOOK.id, 2))
    assert not await store.read(lambda tx: tx.deliveries.is_full(WEBHOOK.id, 3))
    await store.write(lambda tx: tx.deliveries.save(replace(rows[0], due_at=NOW + 2 * HOUR, status=500, error="x")))
    assert await store.read(lambda tx: tx.deliveries.next_due(WEBHOOK.id)) == NOW + HOUR
    page = await store.read(lambda tx: tx.deliveries.of_webhook(WEBHOOK.id, before="msg-3", limit=1))
    assert [one.id for one in page] == ["msg-2"]
    assert await store.write(lambda tx: tx.deliveries.purge(NOW + 2 * HOUR, 9)) == 1


async def test_a_job_is_made_due_unless_it_runs_or_backs_off(store: Database) -> None:
    """An event would wait for the next one, or a server that is down be pestered at each."""
    await store.write(lambda tx: tx.jobs.make_due(JOB.id, NOW))
    [claimed] = await store.write(lambda tx: tx.jobs.claim_due(owner="a", now=NOW, lease_until=NOW + HOUR, limit=9))
    for state in (JobState.PROCESSING, JobState.RETRY):
        lease = NOW + HOUR if state is JobState.PROCESSING else None
        given = replace(claimed, state=state, due_at=NOW + HOUR, lease_until=lease)
        await store.write(partial(_save_job, given))
        await store.write(lambda tx: tx.jobs.make_due(JOB.id, NOW))
        kept = await store.read(lambda tx: tx.jobs.get(JOB.id))
        assert kept is not None
        assert (kept.state, kept.due_at) == (state, NOW + HOUR)


async def test_an_event_and_the_end_of_a_run_see_each_other(store: Database, url: str) -> None:
    """An event written while another process finds the outbox empty would wait for the next one."""
    other = open_store(url)
    try:
        for number in range(1, 30):
            await store.write(lambda tx: tx.jobs.make_due(JOB.id, NOW))
            [claimed] = await store.write(
                lambda tx: tx.jobs.claim_due(owner="a", now=NOW, lease_until=NOW + HOUR, limit=9)
            )

            def happen(tx: Transaction, number: int = number) -> None:
                tx.deliveries.add([delivery(number)])
                tx.jobs.make_due(JOB.id, NOW)

            def rest(tx: Transaction, claimed: Job = claimed) -> None:
                tx.jobs.renew(claimed, NOW + HOUR)
                waits = tx.deliveries.next_due(WEBHOOK.id) is None
                state = JobState.WAITING if waits else JobState.PENDING
                tx.jobs.save(replace(claimed, state=state, due_at=None if waits else NOW, lease_until=None))

            await asyncio.gather(other.write(happen), store.write(rest))
            row = await store.read(lambda tx: tx.jobs.get(JOB.id))
            assert row is not None
            assert row.state is JobState.PENDING
            done = replace(delivery(number), state=DeliveryState.DELIVERED, due_at=None)
            await store.write(partial(_save_delivery, done))
    finally:
        other.close()


def _save_job(given: Job, tx: Transaction) -> None:
    tx.jobs.save(given)


def _save_delivery(done: Delivery, tx: Transaction) -> None:
    tx.deliveries.save(done)
