"""Webhooks: what happens is told to them, signed, once it has happened, and until it was taken."""

import asyncio
import base64
import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca_core.core import Core
from ca_core.model.certificates import RevocationReason
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import JobState, TimerType
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.webhooks import Delivery, DeliveryState, EventType, Webhook
from ca_core.notify import events, run_webhook, webhooks
from ca_core.notify.webhooks import WebhookChange, WebhookRequest
from ca_core.orders import maintenance, queries, worker
from ca_core.orders.approvals import reject
from ca_core.orders.cancel import cancel
from ca_core.orders.delivery import LEASE
from ca_core.orders.submit import submit_csr
from ca_core.revocation.revoke import revoke_by_id
from ca_core.validation.attempt import fail_waiting_order
from tests.notify.receiver import Receiver, receiving
from tests.orders.test_approvals import people, waiting
from tests.orders.test_pipeline import BrokenKeys
from tests.orders.workshop import CONSOLE, Workshop, csr
from tests.publish.issuing import user, work

ALL = frozenset(EventType)


async def hooked(core: Core, workshop: Workshop, url: str, *types: EventType) -> tuple[Webhook, str]:
    """Make a webhook for these events, or for all."""
    request = WebhookRequest(client_id=workshop.product.client_id, url=url, events=frozenset(types) or ALL)
    return await webhooks.create(core, request, CONSOLE)


async def issued(core: Core, workshop: Workshop) -> Order:
    """Issue a certificate, a moment after whatever was before."""
    workshop.clock.advance(milliseconds=1)
    return await submit_csr(core, (await workshop.place("a.test")).id, csr("a.test"), SYSTEM)


async def states(core: Core, webhook: Webhook) -> list[DeliveryState]:
    """Return the states of the webhook's deliveries, oldest first."""
    return [one.state for one in reversed(await webhooks.deliveries(core, webhook.id, CONSOLE))]


async def later(core: Core, workshop: Workshop, **amount: float) -> None:
    """Let time pass, then let the worker work."""
    workshop.clock.advance(**amount)
    await work(core)


async def refusal(attempt: Any) -> TriviumError:
    """Return the error that a command ends with."""
    with pytest.raises(TriviumError) as refused:
        await attempt
    return refused.value


async def test_what_happens_is_told_and_signed(core: Core, workshop: Workshop) -> None:
    """A receiver would learn nothing, or could not tell us from a stranger."""
    async with receiving() as receiver:
        webhook, secret = await hooked(core, workshop, receiver.url)
        order = await issued(core, workshop)
        happened = workshop.clock.time
        workshop.clock.advance(seconds=1)
        await revoke_by_id(core, order.certificate_id or "", RevocationReason.SUPERSEDED, CONSOLE)
        assert receiver.received == []  # nothing leaves within a request
        await work(core)
        told, revoked = receiver.events(secret)
    assert (told["type"], told["client"]) == ("order.issued", order.client_id)
    assert told["timestamp"] == happened.strftime("%Y-%m-%dT%H:%M:%SZ")
    view = await queries.get(core, order.id, CONSOLE)
    assert view.certificate is not None
    assert told["data"]["order"] == order.id
    assert told["data"]["certificate"]["serial"] == f"{view.certificate.serial:x}"
    assert told["data"]["certificate"]["fingerprint"] == view.certificate.fingerprint
    assert (revoked["type"], revoked["data"]["reason"]) == ("certificate.revoked", "superseded")
    assert await states(core, webhook) == [DeliveryState.DELIVERED] * 2
    [first, *_] = await webhooks.deliveries(core, webhook.id, CONSOLE, limit=1)
    assert (first.status, first.tries, first.event) == (204, 1, EventType.CERTIFICATE_REVOKED)
    assert [one.event for one in await webhooks.deliveries(core, webhook.id, CONSOLE, before=first.id)] == [
        EventType.ORDER_ISSUED
    ]


async def test_failed_orders_are_told(core: Core, workshop: Workshop) -> None:
    """An integrator would wait for an order that has failed."""
    async with receiving() as receiver:
        _, secret = await hooked(core, workshop, receiver.url, EventType.ORDER_FAILED)
        order = await workshop.place("a.test")
        problem = Problem(kind=ErrorKind.DNS, detail="There is no such name.", id="err-1")
        await core.store.write(lambda tx: fail_waiting_order(core, tx, order.id, problem))
        broken = replace(core, keys=BrokenKeys(core.keys))
        workshop.clock.advance(seconds=1)
        failed = await issued(broken, workshop)
        await work(core)
        told, second = receiver.events(secret)
    assert told["data"]["error"] == {"id": "err-1", "kind": "dns", "detail": "There is no such name."}
    assert (second["data"]["order"], second["data"]["state"]) == (failed.id, "FAILED")


async def test_rejected_and_cancelled_orders_are_told(core: Core, workshop: Workshop) -> None:
    """An integrator would wait for an order that a person has ended, or that nobody approved in time."""
    async with receiving() as receiver:
        ended = []
        for _ in range(3):
            product, order = await waiting(workshop)
            ended.append(order)
            workshop.clock.advance(milliseconds=1)
        types = frozenset({EventType.ORDER_FAILED, EventType.ORDER_REJECTED})
        request = WebhookRequest(client_id=product.client_id, url=receiver.url, events=types)
        await webhooks.create(core, request, CONSOLE)
        [bob] = await people(workshop, product, "bob")
        await reject(core, ended[0].id, bob, "who is that?")
        workshop.clock.advance(milliseconds=1)
        await cancel(core, ended[1].id, bob)
        await work(core)
        await worker.start_timers(core)
        await later(core, workshop, days=8)
    told = [json.loads(body) for _, body in receiver.received]
    assert [(one["type"], one["data"]["order"], one["data"]["state"]) for one in told] == [
        ("order.rejected", ended[0].id, "REJECTED"),
        ("order.failed", ended[1].id, "FAILED"),
        ("order.failed", ended[2].id, "FAILED"),
    ]
    assert "who is that?" in told[0]["data"]["error"]["detail"]


async def test_a_webhook_is_told_of_its_client_and_its_events_alone(core: Core, workshop: Workshop) -> None:
    """A Client would learn of another's certificates (rule 45)."""
    clients = await core.store.read(lambda tx: tx.clients.all())
    other = replace(clients[0], id="cli-other", name="other")
    await core.store.write(lambda tx: tx.clients.add(other))
    async with receiving() as receiver, receiving() as others:
        await hooked(core, workshop, receiver.url, EventType.CERTIFICATE_REVOKED)
        await webhooks.create(core, WebhookRequest(client_id=other.id, url=others.url, events=ALL), CONSOLE)
        order = await issued(core, workshop)
        await work(core)
        assert receiver.received == []
        await revoke_by_id(core, order.certificate_id or "", RevocationReason.UNSPECIFIED, CONSOLE)
        await work(core)
    assert receiver.types() == ["certificate.revoked"]
    assert others.received == []


async def test_a_receiver_that_is_down_is_told_later_in_order(core: Core, workshop: Workshop) -> None:
    """What happens while a receiver is down would be lost to it, or come in another order (fault F19)."""
    async with receiving() as receiver:
        webhook, secret = await hooked(core, workshop, receiver.url)
        receiver.status = 503
        first, second = await issued(core, workshop), await issued(core, workshop)
        await work(core)
        assert len(receiver.received) == 1  # and is not pestered with the second
        assert await states(core, webhook) == [DeliveryState.PENDING] * 2
        await later(core, workshop, seconds=1)
        assert len(receiver.received) == 1
        await later(core, workshop, seconds=2)
        assert len(receiver.received) == 2
        receiver.status = 200
        await later(core, workshop, seconds=10)
        assert [told["data"]["order"] for told in receiver.events(secret)] == [first.id] * 3 + [second.id]
    assert {headers["webhook-id"] for headers, _ in receiver.received[:3]} == {receiver.received[0][0]["webhook-id"]}
    assert await states(core, webhook) == [DeliveryState.DELIVERED] * 2


async def test_an_event_that_is_refused_holds_up_no_other(core: Core, workshop: Workshop) -> None:
    """One event that a receiver cannot read would silence all that follow."""
    async with receiving() as receiver:
        webhook, secret = await hooked(core, workshop, receiver.url)
        receiver.statuses = [400]
        refused, taken = await issued(core, workshop), await issued(core, workshop)
        await work(core)
        assert await states(core, webhook) == [DeliveryState.PENDING, DeliveryState.DELIVERED]
        at_once = await issued(core, workshop)
        await work(core)
        assert len(receiver.received) == 3
        await later(core, workshop, seconds=10)
        told = [event["data"]["order"] for event in receiver.events(secret)]
    assert told == [refused.id, taken.id, at_once.id, refused.id]


async def test_a_receiver_that_never_answers_is_given_up_after_two_days(core: Core, workshop: Workshop) -> None:
    """The outbox would grow for ever for a receiver that nobody runs any more (abuse 72)."""
    webhook, _ = await hooked(core, workshop, "http://127.0.0.1:1/")
    for _ in range(3):
        await issued(core, workshop)
    tries = []
    for _ in range(40):
        await later(core, workshop, hours=3)
        tries.append((await webhooks.deliveries(core, webhook.id, CONSOLE))[-1].tries)
    assert await states(core, webhook) == [DeliveryState.FAILED] * 3
    assert tries[-1] < 20
    oldest = (await webhooks.deliveries(core, webhook.id, CONSOLE))[-1]
    assert (oldest.status, oldest.due_at) == (None, None)
    assert "could not be reached" in oldest.error
    await later(core, workshop, days=31)
    await core.store.write(lambda tx: tx.deliveries.purge(workshop.clock.now() - timedelta(days=30), 10))
    assert await states(core, webhook) == []


async def test_only_so_much_waits_for_a_webhook(
    core: Core, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Client whose receiver is down could fill the database (abuse 72)."""
    monkeypatch.setattr(events, "MAX_PENDING", 2)
    webhook, _ = await hooked(core, workshop, "http://127.0.0.1:1/")
    for _ in range(3):
        await issued(core, workshop)
    assert len(await states(core, webhook)) == 2
    assert (await refusal(webhooks.test(core, webhook.id, CONSOLE))).kind is ErrorKind.RATE_LIMITED


async def test_a_hanging_receiver_takes_one_turn_of_the_worker(core: Core, workshop: Workshop) -> None:
    """Many events for a receiver that hangs would hold up everybody's orders (fault F19)."""
    async with receiving() as receiver:
        receiver.hangs = True
        await hooked(core, workshop, receiver.url)
        for _ in range(5):
            await issued(core, workshop)
        working = asyncio.create_task(worker.run_due(core))
        await receiver.asked.wait()
        assert await worker.run_due(core) == 0
        assert len(receiver.received) == 1
        receiver.go_on.set()
        await working


async def test_a_delivery_that_a_process_left_is_made_by_another(core: Core, workshop: Workshop) -> None:
    """A process that ends in the middle of a delivery would silence the webhook (fault F19)."""
    async with receiving() as receiver:
        await hooked(core, workshop, receiver.url)
        await issued(core, workshop)
        now = workshop.clock.now()
        claimed = await core.store.write(
            lambda tx: tx.jobs.claim_due(owner="gone", now=now, lease_until=now + LEASE, limit=10)
        )
        assert TimerType.WEBHOOK in {job.type for job in claimed}
        await issued(core, workshop)
        await work(core)
        assert receiver.received == []
        await later(core, workshop, seconds=LEASE.total_seconds())
        assert receiver.types() == ["order.issued"] * 2


async def test_an_event_written_while_deliveries_run_is_not_forgotten(core: Core, workshop: Workshop) -> None:
    """An event that happens just when the outbox was found empty would wait for the next one."""
    async with receiving() as receiver:
        await hooked(core, workshop, receiver.url)
        await issued(core, workshop)
        for _ in range(5):
            await asyncio.gather(worker.run_due(core), issued(core, workshop))
        await work(core)
        assert receiver.types() == ["order.issued"] * 6


async def test_the_job_rests_while_there_is_nothing_to_tell(core: Core, workshop: Workshop) -> None:
    """A webhook would cost a claim at every poll."""
    async with receiving() as receiver:
        webhook, _ = await hooked(core, workshop, receiver.url)
        await work(core)
        await issued(core, workshop)
        await work(core)
        job = await core.store.read(lambda tx: tx.jobs.get(events.delivery_job_id(webhook.id)))
        assert job is not None
        assert (job.state, job.executions, job.order_id) == (JobState.WAITING, 0, None)
        await webhooks.delete(core, webhook.id, CONSOLE)
        await work(core)
        job = await core.store.read(lambda tx: tx.jobs.get(events.delivery_job_id(webhook.id)))
        assert job is not None
        assert job.state is JobState.SUCCESS
        await issued(core, workshop)
        await work(core)
        assert len(receiver.received) == 1


async def test_a_signature_is_over_id_time_and_body(core: Core, workshop: Workshop) -> None:
    """Who listens could send an old event again, or under another id, and it would be believed."""
    async with receiving() as receiver:
        _, secret = await hooked(core, workshop, receiver.url)
        await issued(core, workshop)
        await work(core)
        [(headers, body)] = receiver.received
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 3600
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    for name, value in (
        ("webhook-id", "msg-other"),
        ("webhook-timestamp", str(int(headers["webhook-timestamp"]) - 1)),
        ("", ""),
    ):
        changed = Receiver("", received=[(headers | ({name: value} if name else {}), body + " " * (not name))])
        with pytest.raises(Exception, match="No matching signature found"):
            changed.events(secret)


async def test_a_webhook_is_changed_renewed_and_turned_off(core: Core, workshop: Workshop) -> None:
    """What the owner says would not count for what is told from then on."""
    async with receiving() as receiver, receiving() as moved:
        webhook, secret = await hooked(core, workshop, receiver.url)
        webhook = await webhooks.update(core, webhook.id, WebhookChange(url=moved.url, description="moved"), CONSOLE)
        assert (webhook.description, webhook.events) == ("moved", ALL)
        _, renewed = await webhooks.renew_secret(core, webhook.id, CONSOLE)
        assert renewed != secret
        await issued(core, workshop)
        await work(core)
        assert receiver.received == []
        assert len(moved.events(renewed)) == 1
        await issued(core, workshop)
        await webhooks.update(core, webhook.id, WebhookChange(enabled=False), CONSOLE)
        await issued(core, workshop)
        await work(core)
        assert len(moved.received) == 1
        assert await states(core, webhook) == [DeliveryState.DELIVERED, DeliveryState.FAILED]
        assert (await refusal(webhooks.test(core, webhook.id, CONSOLE))).kind is ErrorKind.NOT_READY


async def test_a_test_event_and_a_second_delivery_are_sent_on_demand(core: Core, workshop: Workshop) -> None:
    """An integrator could not try his receiver, nor get what it has lost."""
    async with receiving() as receiver:
        webhook, secret = await hooked(core, workshop, receiver.url, EventType.ORDER_FAILED)
        tested = await webhooks.test(core, webhook.id, CONSOLE)
        assert (await refusal(webhooks.redeliver(core, tested.id, CONSOLE))).kind is ErrorKind.NOT_READY
        await work(core)
        again = await webhooks.redeliver(core, tested.id, CONSOLE)
        assert (again.id, again.state) == (tested.id, DeliveryState.PENDING)
        await work(core)
        assert receiver.types() == ["webhook.test"] * 2
        assert len(receiver.events(secret)) == 2


@pytest.mark.parametrize(
    "wrong", [{"url": "https://user@hooks.example.test/"}, {"events": frozenset()}, {"description": "x" * 501}]
)
async def test_what_no_webhook_can_be_is_refused(core: Core, workshop: Workshop, wrong: dict[str, Any]) -> None:
    """A webhook would be made that can never be told anything, or that leads where none may (abuse 3)."""
    good = WebhookRequest(client_id=workshop.product.client_id, url="https://hooks.example.test/", events=ALL)
    assert (await refusal(webhooks.create(core, replace(good, **wrong), CONSOLE))).kind is ErrorKind.MALFORMED
    webhook, _ = await webhooks.create(core, good, CONSOLE)
    assert (await refusal(webhooks.update(core, webhook.id, WebhookChange(**wrong), CONSOLE))).kind is (
        ErrorKind.MALFORMED
    )
    assert await webhooks.get(core, webhook.id, CONSOLE) == webhook


async def test_a_client_has_few_webhooks(core: Core, workshop: Workshop) -> None:
    """Every event of a Client would be written any number of times (abuse 72)."""
    for _ in range(webhooks.MAX_WEBHOOKS):
        await hooked(core, workshop, "https://hooks.example.test/")
    assert "delete one" in (await refusal(hooked(core, workshop, "https://hooks.example.test/"))).detail


async def test_each_act_needs_its_permission(core: Core, workshop: Workshop) -> None:
    """Somebody could read or redirect what is told to another Client (rule 45, abuse 46)."""
    client_id = workshop.product.client_id
    webhook, _ = await hooked(core, workshop, "http://127.0.0.1:1/")
    delivery = await webhooks.test(core, webhook.id, CONSOLE)
    request = WebhookRequest(client_id=client_id, url="http://127.0.0.1:1/", events=ALL)

    async def create(principal: Principal) -> object:
        return await webhooks.create(core, request, principal)

    async def change(principal: Principal) -> object:
        return await webhooks.update(core, webhook.id, WebhookChange(description="x"), principal)

    async def again(principal: Principal) -> Delivery:
        return await webhooks.redeliver(core, delivery.id, principal)

    acts = [
        (create, Permission.WEBHOOK_CREATE),
        (lambda who: webhooks.get(core, webhook.id, who), Permission.WEBHOOK_VIEW),
        (lambda who: webhooks.deliveries(core, webhook.id, who), Permission.WEBHOOK_VIEW),
        (change, Permission.WEBHOOK_UPDATE),
        (lambda who: webhooks.renew_secret(core, webhook.id, who), Permission.WEBHOOK_UPDATE),
        (lambda who: webhooks.test(core, webhook.id, who), Permission.WEBHOOK_UPDATE),
        (again, Permission.WEBHOOK_UPDATE),
        (lambda who: webhooks.delete(core, webhook.id, who), Permission.WEBHOOK_DELETE),
    ]
    for act, permission in acts:
        lacking = user(client_id, *(set(Permission) - {permission}))
        assert (await refusal(act(lacking))).kind is ErrorKind.FORBIDDEN
        assert (await refusal(act(user("cli-other", permission)))).kind is ErrorKind.NOT_FOUND
    assert await webhooks.search(core, user("cli-other", Permission.WEBHOOK_VIEW)) == []
    assert (await refusal(webhooks.search(core, user(client_id)))).kind is ErrorKind.FORBIDDEN
    found = await webhooks.search(core, user(client_id, Permission.WEBHOOK_VIEW), client_ids=[client_id])
    assert found == [webhook]
    for act, permission in acts[1:4] + acts[7:]:
        await act(user(client_id, permission))


async def test_secrets_and_urls_stay_out_of_the_audit_log(core: Core, workshop: Workshop) -> None:
    """Who reads the log could speak in our name, or to the receiver (rule 87, invariant I10)."""
    webhook, secret = await hooked(core, workshop, "http://hooks.example.test/path?token=hunter2")
    await webhooks.renew_secret(core, webhook.id, CONSOLE)
    records = await core.store.read(lambda tx: tx.audit.of_object(webhook.id, 10))
    assert [record.action for record in records] == ["webhook.renew-secret", "webhook.create"]
    assert secret not in repr(records)
    assert "hunter2" not in repr(records)
    assert records[0].details["host"] == "hooks.example.test"
    sealed = await core.store.read(lambda tx: tx.webhooks.sealed(webhook.id))
    assert sealed is not None
    assert base64.b64decode(secret.removeprefix("whsec_")) not in sealed


async def test_old_deliveries_are_forgotten_by_the_hourly_timer(core: Core, workshop: Workshop) -> None:
    """The delivery log would grow for ever."""
    webhook, _ = await hooked(core, workshop, "http://127.0.0.1:1/")
    await webhooks.test(core, webhook.id, CONSOLE)
    workshop.clock.advance(days=31)
    await worker.start_timers(core)
    job = await core.store.read(lambda tx: tx.jobs.open_of_type(TimerType.HOURLY, None))
    assert job is not None
    response, _ = await maintenance.tidy(core, job)
    assert response["forgottenDeliveries"] == 1
    assert timedelta(days=30) > run_webhook.KEPT_TRYING
