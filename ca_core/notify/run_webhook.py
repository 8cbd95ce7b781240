"""The job of a webhook: sends what waits for it, in the order in which it happened, and tries again what failed.

There is one job a webhook, so that however many events wait for a server that hangs, it takes one worker's turn.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.model.webhooks import Delivery, DeliveryState, Webhook
from ca_core.notify.webhook_secrets import unsealed
from ca_core.orders.back_off import back_off
from ca_core.orders.delivery import LEASE, LONGEST_WAIT

KEPT_TRYING: Final = timedelta(days=2)
AT_ONCE: Final = 20
"""Deliveries of one run: then others have their turn."""

_READ: Final = 200
_SILENT: Final = Problem(kind=ErrorKind.UNAVAILABLE, detail="The server of the webhook is not there.")


async def run_webhook(core: Core, job: Job) -> None:
    """Deliver what is due for the claimed job's webhook.

    A server that does not answer, or answers 429 or 5xx, is left alone for a while that grows; any other refusal is
    about the one event, and the next is sent. What could not be delivered for two days is given up.
    """
    webhook, sealed, due = await core.store.read(lambda tx: _load(core, tx, job))
    if webhook is None or sealed is None:
        await core.store.write(lambda tx: tx.jobs.save(_over(core, job)))
        return
    secret = unsealed(core.sealer, webhook.id, sealed)
    answers = True
    for at, delivery in enumerate(due):
        if answers and at < AT_ONCE and webhook.enabled:
            until = core.sources.now() + LEASE
            await core.store.write(partial(_renew, job, until))
            done, answers = await _try(core, webhook, secret, delivery)
        elif not webhook.enabled:
            done = replace(delivery, state=DeliveryState.FAILED, due_at=None, error="The webhook was turned off.")
        elif not answers and _is_old(core, delivery):
            done = replace(delivery, state=DeliveryState.FAILED, due_at=None, error=_SILENT.detail)
        else:
            continue
        await core.store.write(partial(_keep, done))
    await core.store.write(lambda tx: _rest(core, tx, job, answers=answers))


def signature_headers(secret: bytes, delivery: Delivery, timestamp: int) -> Mapping[str, str]:
    """Return the headers that sign the body, as Standard Webhooks has it: HMAC-SHA256 over id, seconds and body."""
    signed = f"{delivery.id}.{timestamp}.{delivery.body}".encode()
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _load(core: Core, tx: Transaction, job: Job) -> tuple[Webhook | None, bytes | None, list[Delivery]]:
    webhook_id = job.subject_id or ""
    due = tx.deliveries.due(webhook_id, core.sources.now(), _READ)
    return tx.webhooks.get(webhook_id), tx.webhooks.sealed(webhook_id), due


async def _try(core: Core, webhook: Webhook, secret: bytes, delivery: Delivery) -> tuple[Delivery, bool]:
    """Send once; return the delivery as it is then, and whether the server answers."""
    now = core.sources.now()
    tried = replace(delivery, tries=delivery.tries + 1, tried_at=now, status=None, error="")
    headers = signature_headers(secret, delivery, int(now.timestamp()))
    try:
        status = await core.webhooks.send(webhook.url, delivery.body.encode(), headers)
    except TriviumError as error:
        return _again(core, replace(tried, error=error.detail)), False
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return replace(tried, state=DeliveryState.DELIVERED, status=status, due_at=None), True
    failed = replace(tried, status=status, error=f"The server answered {status} instead of 2xx.")
    return _again(core, failed), status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS


def _again(core: Core, delivery: Delivery) -> Delivery:
    if _is_old(core, delivery):
        return replace(delivery, state=DeliveryState.FAILED, due_at=None)
    return replace(delivery, due_at=core.sources.now() + back_off(_SILENT, delivery.tries, longest=LONGEST_WAIT))


def _is_old(core: Core, delivery: Delivery) -> bool:
    return delivery.created_at + KEPT_TRYING <= core.sources.now()


def _rest(core: Core, tx: Transaction, job: Job, *, answers: bool) -> None:
    """Put the job to rest: until the next delivery is due, something happens, or the server is worth another try."""
    now = core.sources.now()
    tx.jobs.renew(job, now + LEASE)  # takes the row: an event is seen here, or sees the job at rest
    due_at = tx.deliveries.next_due(job.subject_id or "")
    if due_at is None:
        rested = replace(job, state=JobState.WAITING, waiting_for="an event", due_at=None, executions=0, error=None)
    elif answers:
        rested = replace(job, state=JobState.PENDING, due_at=due_at, executions=0, error=None)
    else:
        later = now + back_off(_SILENT, job.executions, longest=LONGEST_WAIT)
        rested = replace(job, state=JobState.RETRY, due_at=later, error=_SILENT)
    tx.jobs.save(replace(rested, lease_until=None))


def _over(core: Core, job: Job) -> Job:
    return replace(job, state=JobState.SUCCESS, finished_at=core.sources.now(), lease_until=None)


def _renew(job: Job, until: datetime, tx: Transaction) -> None:
    tx.jobs.renew(job, until)


def _keep(delivery: Delivery, tx: Transaction) -> None:
    tx.deliveries.save(delivery)
