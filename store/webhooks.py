"""Webhooks and their deliveries in the store."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from ca_core.model.values import of_members, replace
from ca_core.model.webhooks import Delivery, Webhook
from store.columns import among
from store.revisions import conflict, save_statement
from store.statements import Executor, Row, Statement
from store.tables import pending_delivery, webhook_deliveries, webhooks

_PUBLIC = [column for column in webhooks.c if column.name != "sealed"]
_CHANGING = ("url", "events", "description", "enabled")
_ADD = Statement(insert(webhooks))
_GET = Statement(select(*_PUBLIC).where(webhooks.c.id == bindparam("id")))
_SEALED = Statement(select(webhooks.c.sealed).where(webhooks.c.id == bindparam("id")))
_SAVE = save_statement(webhooks, _CHANGING)
_SAVE_SECRET = save_statement(webhooks, (*_CHANGING, "sealed"))
_DELETE = Statement(
    delete(webhooks).where(webhooks.c.id == bindparam("id"), webhooks.c.revision == bindparam("revision"))
)
_OF_CLIENT = Statement(select(*_PUBLIC).where(webhooks.c.client_id == bindparam("client_id")).order_by(webhooks.c.id))

_ADD_DELIVERY = Statement(insert(webhook_deliveries))
_GET_DELIVERY = Statement(select(webhook_deliveries).where(webhook_deliveries.c.id == bindparam("id")))
_OUTCOME = ("state", "tries", "due_at", "tried_at", "status", "error")
_SAVE_DELIVERY = Statement(
    update(webhook_deliveries)
    .where(webhook_deliveries.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in _OUTCOME})
)
_DELETE_DELIVERIES = Statement(delete(webhook_deliveries).where(webhook_deliveries.c.webhook_id == bindparam("id")))
_PENDING = (webhook_deliveries.c.webhook_id == bindparam("webhook_id")) & pending_delivery
_DUE = Statement(
    select(webhook_deliveries)
    .where(_PENDING, webhook_deliveries.c.due_at <= bindparam("now"))
    .order_by(webhook_deliveries.c.created_at, webhook_deliveries.c.id)
    .limit(bindparam("limit"))
)
_NEXT_DUE = Statement(
    select(webhook_deliveries.c.due_at).where(_PENDING).order_by(webhook_deliveries.c.due_at).limit(1)
)
_FULL = Statement(select(webhook_deliveries.c.due_at).where(_PENDING).limit(1).offset(bindparam("others")))
_OF_WEBHOOK = Statement(
    select(webhook_deliveries)
    .where(webhook_deliveries.c.webhook_id == bindparam("webhook_id"), webhook_deliveries.c.id < bindparam("before"))
    .order_by(webhook_deliveries.c.id.desc())
    .limit(bindparam("limit"))
)
_old = (
    select(webhook_deliveries.c.id)
    .where(webhook_deliveries.c.created_at < bindparam("created_before"))
    .order_by(webhook_deliveries.c.created_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(webhook_deliveries).where(webhook_deliveries.c.id.in_(_old)))
_LAST = "~"  # behind every id


class WebhookTable:
    """Implements :class:`ca_core.model.repositories.webhooks.Webhooks`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, webhook: Webhook, sealed: bytes) -> None:
        """Store a new webhook with its sealed secret."""
        self._run.change(_ADD, {**vars(webhook), "sealed": sealed})

    def get(self, webhook_id: str) -> Webhook | None:
        """Return the webhook of this id, without its secret."""
        row = self._run.one(_GET, {"id": webhook_id})
        return None if row is None else _webhook(row)

    def sealed(self, webhook_id: str) -> bytes | None:
        """Return the sealed secret."""
        row = self._run.one(_SEALED, {"id": webhook_id})
        return None if row is None else bytes(row["sealed"])

    def save(self, webhook: Webhook) -> Webhook:
        """Replace the row of this revision; return the webhook with the next one; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(webhook)):
            raise conflict(f"webhook {webhook.id}")
        return replace(webhook, revision=webhook.revision + 1)

    def save_secret(self, webhook: Webhook, sealed: bytes) -> Webhook:
        """Save the webhook with another secret; raises CONFLICT."""
        if not self._run.change(_SAVE_SECRET, {**vars(webhook), "sealed": sealed}):
            raise conflict(f"webhook {webhook.id}")
        return replace(webhook, revision=webhook.revision + 1)

    def delete(self, webhook: Webhook) -> None:
        """Delete the webhook of this revision with its deliveries; raises CONFLICT."""
        self._run.change(_DELETE_DELIVERIES, {"id": webhook.id})
        if not self._run.change(_DELETE, {"id": webhook.id, "revision": webhook.revision}):
            raise conflict(f"webhook {webhook.id}")

    def search(self, client_ids: frozenset[str] | None, *, before: str | None, limit: int) -> list[Webhook]:
        """Return the webhooks of these Clients (None: of all), newest first, from the one behind the id ``before``."""
        search = select(*_PUBLIC).order_by(webhooks.c.id.desc()).limit(limit)
        if client_ids is not None:
            search = search.where(among(webhooks.c.client_id, client_ids))
        if before is not None:
            search = search.where(webhooks.c.id < before)
        return [_webhook(row) for row in self._run.search(search)]

    def of_client(self, client_id: str) -> list[Webhook]:
        """Return the Client's webhooks, oldest first."""
        return [_webhook(row) for row in self._run.all(_OF_CLIENT, {"client_id": client_id})]


class DeliveryTable:
    """Implements :class:`ca_core.model.repositories.webhooks.Deliveries`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store new deliveries."""
        self._run.change_many(_ADD_DELIVERY, [vars(delivery) for delivery in deliveries])

    def get(self, delivery_id: str) -> Delivery | None:
        """Return the delivery of this id."""
        row = self._run.one(_GET_DELIVERY, {"id": delivery_id})
        return None if row is None else _delivery(row)

    def save(self, delivery: Delivery) -> None:
        """Save what became of a delivery."""
        self._run.change(_SAVE_DELIVERY, vars(delivery))

    def due(self, webhook_id: str, now: datetime, limit: int) -> list[Delivery]:
        """Return pending deliveries whose time has come, oldest first."""
        found = self._run.all(_DUE, {"webhook_id": webhook_id, "now": now, "limit": limit})
        return [_delivery(row) for row in found]

    def next_due(self, webhook_id: str) -> datetime | None:
        """Return when the next pending delivery is due."""
        row = self._run.one(_NEXT_DUE, {"webhook_id": webhook_id})
        found: datetime | None = row["due_at"] if row else None
        return found

    def is_full(self, webhook_id: str, most: int) -> bool:
        """Return whether so many deliveries, or more, are pending."""
        return self._run.one(_FULL, {"webhook_id": webhook_id, "others": most - 1}) is not None

    def of_webhook(self, webhook_id: str, *, before: str | None, limit: int) -> list[Delivery]:
        """Return the webhook's deliveries, newest first, from the one behind the id ``before``."""
        page = {"webhook_id": webhook_id, "before": before or _LAST, "limit": limit}
        return [_delivery(row) for row in self._run.all(_OF_WEBHOOK, page)]

    def purge(self, created_before: datetime, limit: int) -> int:
        """Delete the oldest deliveries; return how many."""
        return self._run.change(_PURGE, {"created_before": created_before, "limit": limit})


def _webhook(row: Row) -> Webhook:
    return of_members(Webhook, row)


def _delivery(row: Row) -> Delivery:
    return of_members(Delivery, row)
