"""Webhooks of a Client: create, read, change, delete; what they were told, and telling it again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.model.webhooks import Delivery, DeliveryState, EventType, Webhook
from ca_core.notify.events import add_delivery, delivery_job_id
from ca_core.notify.webhook_secrets import new_secret, sealed, shown

MAX_WEBHOOKS: Final = 10
"""Webhooks of one Client: each event is written for every one of them."""

_MAX_DESCRIPTION: Final = 500
_WHAT: Final = "webhook"


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    """What a webhook is made with."""

    client_id: str
    url: str
    events: frozenset[EventType]
    description: str = ""
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class WebhookChange:
    """What of a webhook is to change; None leaves it as it is."""

    url: str | None = None
    events: frozenset[EventType] | None = None
    description: str | None = None
    enabled: bool | None = None


async def create(core: Core, request: WebhookRequest, principal: Principal) -> tuple[Webhook, str]:
    """Make a webhook and return it with its secret, which cannot be had again.

    Raises NOT_FOUND, FORBIDDEN without WEBHOOK_CREATE, MALFORMED for an URL that no webhook can have, for no event to
    tell of, or when the Client has MAX_WEBHOOKS already.
    """
    secret = new_secret(core.sources.entropy)
    webhook = Webhook(
        id=core.sources.new_id("whk"),
        client_id=request.client_id,
        url=request.url,
        events=request.events,
        description=request.description,
        enabled=request.enabled,
        created_by=principal.actor,
        created_at=core.sources.now(),
    )

    def add(tx: Transaction) -> None:
        require(principal, Permission.WEBHOOK_CREATE, webhook.client_id, "Client")
        if tx.clients.get(webhook.client_id) is None:
            raise not_found("Client")
        _check(core, webhook)
        if len(tx.webhooks.of_client(webhook.client_id)) >= MAX_WEBHOOKS:
            raise TriviumError(
                ErrorKind.MALFORMED, f"The Client has {MAX_WEBHOOKS} webhooks already; delete one it does not need."
            )
        tx.webhooks.add(webhook, sealed(core.sealer, webhook.id, secret))
        tx.jobs.add([_delivery_job(webhook)])
        tx.audit.append([_record(core, principal, "webhook.create", webhook)])

    await core.store.write(add)
    return webhook, shown(secret)


async def search(
    core: Core,
    principal: Principal,
    *,
    client_ids: Iterable[str] | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Webhook]:
    """Return a page of the webhooks of the Clients (None: all) the principal may see, newest first.

    ``before`` is the id the page continues behind. Raises FORBIDDEN without WEBHOOK_VIEW for any Client.
    """
    asked = None if client_ids is None else frozenset(client_ids)
    allowed = clients_searched(principal, Permission.WEBHOOK_VIEW, asked)
    most = max(1, min(limit, MAX_PAGE))
    return await core.store.read(lambda tx: tx.webhooks.search(allowed, before=before, limit=most))


async def get(core: Core, webhook_id: str, principal: Principal) -> Webhook:
    """Return the webhook; raises NOT_FOUND, FORBIDDEN without WEBHOOK_VIEW."""
    return await core.store.read(lambda tx: _find(tx, webhook_id, principal, Permission.WEBHOOK_VIEW))


async def update(core: Core, webhook_id: str, change: WebhookChange, principal: Principal) -> Webhook:
    """Change the webhook and return it; what waits for one that is turned off is given up.

    Raises NOT_FOUND, FORBIDDEN without WEBHOOK_UPDATE, MALFORMED as :func:`create`, CONFLICT.
    """
    changes = {name: value for name, value in vars(change).items() if value is not None}

    def act(tx: Transaction) -> Webhook:
        webhook = replace(_find(tx, webhook_id, principal, Permission.WEBHOOK_UPDATE), **changes)
        _check(core, webhook)
        tx.jobs.make_due(delivery_job_id(webhook.id), core.sources.now())
        tx.audit.append([_record(core, principal, "webhook.update", webhook)])
        return tx.webhooks.save(webhook)

    return await core.store.write(act)


async def renew_secret(core: Core, webhook_id: str, principal: Principal) -> tuple[Webhook, str]:
    """Give the webhook a new secret, which signs from now on, and return both; the old one is gone.

    Raises NOT_FOUND, FORBIDDEN without WEBHOOK_UPDATE, CONFLICT.
    """
    secret = new_secret(core.sources.entropy)

    def act(tx: Transaction) -> Webhook:
        webhook = _find(tx, webhook_id, principal, Permission.WEBHOOK_UPDATE)
        tx.audit.append([_record(core, principal, "webhook.renew-secret", webhook)])
        return tx.webhooks.save_secret(webhook, sealed(core.sealer, webhook.id, secret))

    return await core.store.write(act), shown(secret)


async def delete(core: Core, webhook_id: str, principal: Principal) -> None:
    """Delete the webhook and what it was told; raises NOT_FOUND, FORBIDDEN without WEBHOOK_DELETE, CONFLICT."""

    def act(tx: Transaction) -> None:
        webhook = _find(tx, webhook_id, principal, Permission.WEBHOOK_DELETE)
        tx.webhooks.delete(webhook)
        tx.jobs.make_due(delivery_job_id(webhook.id), core.sources.now())  # which ends, for lack of its webhook
        tx.audit.append([_record(core, principal, "webhook.delete", webhook)])

    await core.store.write(act)


async def deliveries(
    core: Core, webhook_id: str, principal: Principal, *, before: str | None = None, limit: int = 50
) -> list[Delivery]:
    """Return a page of what the webhook was told, newest first; raises as :func:`get`."""
    most = max(1, min(limit, MAX_PAGE))

    def read(tx: Transaction) -> list[Delivery]:
        webhook = _find(tx, webhook_id, principal, Permission.WEBHOOK_VIEW)
        return tx.deliveries.of_webhook(webhook.id, before=before, limit=most)

    return await core.store.read(read)


async def redeliver(core: Core, delivery_id: str, principal: Principal) -> Delivery:
    """Send a delivery (``msg-``) that is over once more, the same body under the same id; return it as it waits.

    Raises NOT_FOUND, FORBIDDEN without WEBHOOK_UPDATE, NOT_READY for one that still waits or whose webhook is off.
    """

    def act(tx: Transaction) -> Delivery:
        delivery = tx.deliveries.get(delivery_id)
        if delivery is None:
            raise not_found("delivery")
        webhook = _find(tx, delivery.webhook_id, principal, Permission.WEBHOOK_UPDATE, what="delivery")
        _require_enabled(webhook)
        if delivery.state is DeliveryState.PENDING:
            raise TriviumError(ErrorKind.NOT_READY, "The delivery still waits to be sent, or to be sent again.")
        now = core.sources.now()
        waiting = replace(delivery, state=DeliveryState.PENDING, due_at=now)
        tx.deliveries.save(waiting)
        tx.jobs.make_due(delivery_job_id(webhook.id), now)
        tx.audit.append([_record(core, principal, "webhook.redeliver", webhook, delivery=delivery.id)])
        return waiting

    return await core.store.write(act)


async def test(core: Core, webhook_id: str, principal: Principal) -> Delivery:
    """Send the event ``webhook.test`` and return its delivery as it waits.

    Raises NOT_FOUND, FORBIDDEN without WEBHOOK_UPDATE, NOT_READY for a webhook that is off, RATE_LIMITED when too much
    waits for it already.
    """

    def act(tx: Transaction) -> Delivery:
        webhook = _find(tx, webhook_id, principal, Permission.WEBHOOK_UPDATE)
        _require_enabled(webhook)
        delivery = add_delivery(tx, core.sources, webhook, EventType.WEBHOOK_TEST, {"webhook": webhook.id})
        if delivery is None:
            raise TriviumError(ErrorKind.RATE_LIMITED, "Too much waits for this webhook; let its server answer first.")
        tx.audit.append([_record(core, principal, "webhook.test", webhook, delivery=delivery.id)])
        return delivery

    return await core.store.write(act)


def _find(
    tx: Transaction, webhook_id: str, principal: Principal, permission: Permission, *, what: str = _WHAT
) -> Webhook:
    webhook = tx.webhooks.get(webhook_id)
    if webhook is None:
        raise not_found(what)
    require(principal, permission, webhook.client_id, what)
    return webhook


def _check(core: Core, webhook: Webhook) -> None:
    core.webhooks.check_url(webhook.url)
    if not webhook.events:
        raise TriviumError(ErrorKind.MALFORMED, "Name at least one event that the webhook is told of.")
    if len(webhook.description) > _MAX_DESCRIPTION:
        raise TriviumError(ErrorKind.MALFORMED, f"A description has at most {_MAX_DESCRIPTION} characters.")


def _require_enabled(webhook: Webhook) -> None:
    if not webhook.enabled:
        raise TriviumError(ErrorKind.NOT_READY, "The webhook is turned off; enable it first.")


def _delivery_job(webhook: Webhook) -> Job:
    return Job(
        id=delivery_job_id(webhook.id),
        type=TimerType.WEBHOOK,
        state=JobState.WAITING,
        created_at=webhook.created_at,
        client_id=webhook.client_id,
        subject_id=webhook.id,
        waiting_for="an event",
    )


def _record(core: Core, principal: Principal, action: str, webhook: Webhook, **details: Any) -> AuditRecord:
    """The host alone is recorded: paths and queries of such URLs often hold what only the two sides should know."""
    return entry(
        core.sources,
        principal,
        action,
        webhook.id,
        client_id=webhook.client_id,
        host=urlsplit(webhook.url).hostname,
        events=sorted(webhook.events),
        enabled=webhook.enabled,
        **details,
    )
