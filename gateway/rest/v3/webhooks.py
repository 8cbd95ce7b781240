"""Webhooks: URLs of a Client that are told of events, and what they were told."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from ca_core.model import webhooks
from ca_core.model.store import Transaction
from ca_core.model.webhooks import DeliveryState, EventType
from ca_core.notify import webhooks as commands
from ca_core.notify.webhooks import WebhookChange, WebhookRequest
from gateway.rest.v3.ids import ClientId, WebhookId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Count, Flag, Schema, Text, Time, json_answer

router = APIRouter(prefix="/v3", tags=["Webhooks"], route_class=ResourceOperation)

_Url = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://hooks.example.com/ra"])]
_Events = Annotated[tuple[EventType, ...], Field(min_length=1, max_length=len(EventType))]
_DeliveryId = Annotated[
    str,
    Path(
        pattern="^msg-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", examples=["msg-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"]
    ),
]


class NewWebhook(Schema):
    """A webhook to be made."""

    client: ClientId
    url: _Url
    events: _Events
    description: Text = ""
    enabled: Flag = True


class WebhookUpdate(Schema):
    """What of a webhook is to change; what is left out stays as it is."""

    url: _Url | None = None
    events: _Events | None = None
    description: Text | None = None
    enabled: Flag | None = None


class Webhook(Schema):
    """A URL that is told of events."""

    id: WebhookId
    client: ClientId
    url: _Url
    events: list[EventType]
    description: str
    enabled: Annotated[Flag, Field(description="One that is off is told of nothing that happens meanwhile.")]
    created_by: str
    created_at: Time


class MadeWebhook(Schema):
    """A webhook with the secret that its deliveries are signed with, which is in this answer alone."""

    webhook: Webhook
    secret: str


class Delivery(Schema):
    """The telling of one event."""

    id: Annotated[str, Field(examples=["msg-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    webhook: WebhookId
    event: EventType
    state: DeliveryState
    body: Annotated[str, Field(description="What is sent, byte for byte.")]
    tries: Count
    created_at: Time
    tried_at: Time | None = None
    due_at: Annotated[Time | None, Field(description="When it is tried next.")] = None
    status: Annotated[Count | None, Field(description="Of the last answer.")] = None
    error: str


class WebhookQuery(PageQuery):
    """Which webhooks are asked for."""

    client: ClientId | None = None


def webhook_of(webhook: webhooks.Webhook) -> Webhook:
    """Return a webhook as it is shown."""
    return Webhook.model_construct(
        id=webhook.id,
        client=webhook.client_id,
        url=webhook.url,
        events=sorted(webhook.events),
        description=webhook.description,
        enabled=webhook.enabled,
        created_by=webhook.created_by,
        created_at=webhook.created_at,
    )


def _delivery_of(delivery: webhooks.Delivery) -> Delivery:
    return Delivery.model_construct(
        id=delivery.id,
        webhook=delivery.webhook_id,
        event=delivery.event,
        state=delivery.state,
        body=delivery.body,
        tries=delivery.tries,
        created_at=delivery.created_at,
        tried_at=delivery.tried_at,
        due_at=delivery.due_at,
        status=delivery.status,
        error=delivery.error,
    )


@router.get("/webhooks", response_model=Page[Webhook])
async def list_webhooks(caller: Called, query: Annotated[WebhookQuery, Query()]) -> Response:
    """List the webhooks of your Clients, newest first."""
    found = await commands.search(
        caller.core,
        caller.principal,
        client_ids=None if query.client is None else [query.client],
        before=query.place,
        limit=query.limit,
    )
    return page_answer(caller.request, query, [webhook_of(one) for one in found], [one.id for one in found])


@router.post("/webhooks", response_model=MadeWebhook, status_code=201)
async def create_webhook(caller: Called, wanted: NewWebhook) -> Response:
    """Make a webhook."""
    request = WebhookRequest(
        client_id=wanted.client,
        url=wanted.url,
        events=frozenset(wanted.events),
        description=wanted.description,
        enabled=wanted.enabled,
    )
    webhook, secret = await commands.create(caller.core, request, caller.principal)
    shown = MadeWebhook.model_construct(webhook=webhook_of(webhook), secret=secret)
    location = f"{caller.front_end.external_url}/v3/webhooks/{webhook.id}"
    return json_answer(shown, 201, location=location, etag=tag_of(shown.webhook))


@router.get("/webhooks/{webhook_id}", response_model=Webhook)
async def get_webhook(caller: Called, webhook_id: WebhookId) -> Response:
    """Read a webhook."""
    shown = webhook_of(await commands.get(caller.core, webhook_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.patch("/webhooks/{webhook_id}", response_model=Webhook)
async def change_webhook(caller: Called, webhook_id: WebhookId, wanted: WebhookUpdate, if_match: IfMatch) -> Response:
    """Change a webhook; what waits for one that is turned off is given up."""

    def now(tx: Transaction) -> Webhook | None:
        webhook = tx.webhooks.get(webhook_id)
        return None if webhook is None else webhook_of(webhook)

    caller.first_write.also(if_match.of(now))
    changes: dict[str, Any] = dict(wanted)
    if wanted.events is not None:
        changes["events"] = frozenset(wanted.events)
    shown = webhook_of(await commands.update(caller.core, webhook_id, WebhookChange(**changes), caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(caller: Called, webhook_id: WebhookId) -> None:
    """Delete a webhook and what it was told."""
    await commands.delete(caller.core, webhook_id, caller.principal)


@router.post("/webhooks/{webhook_id}/secret", response_model=MadeWebhook)
async def renew_webhook_secret(caller: Called, webhook_id: WebhookId) -> Response:
    """Give a webhook a new secret, which signs from now on."""
    webhook, secret = await commands.renew_secret(caller.core, webhook_id, caller.principal)
    return json_answer(MadeWebhook.model_construct(webhook=webhook_of(webhook), secret=secret))


@router.post("/webhooks/{webhook_id}/test", response_model=Delivery, status_code=202)
async def test_webhook(caller: Called, webhook_id: WebhookId) -> Response:
    """Send the event `webhook.test`."""
    return json_answer(_delivery_of(await commands.test(caller.core, webhook_id, caller.principal)), 202)


@router.get("/webhooks/{webhook_id}/deliveries", response_model=Page[Delivery])
async def list_deliveries(caller: Called, webhook_id: WebhookId, query: Annotated[PageQuery, Query()]) -> Response:
    """List what a webhook was told, newest first."""
    found = await commands.deliveries(caller.core, webhook_id, caller.principal, before=query.place, limit=query.limit)
    return page_answer(caller.request, query, [_delivery_of(one) for one in found], [one.id for one in found])


@router.post("/webhook-deliveries/{delivery_id}/redeliver", response_model=Delivery, status_code=202)
async def redeliver(caller: Called, delivery_id: _DeliveryId) -> Response:
    """Send a delivery that is over once more."""
    return json_answer(_delivery_of(await commands.redeliver(caller.core, delivery_id, caller.principal)), 202)
