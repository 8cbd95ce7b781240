"""Events: what happens to a Client's orders, certificates and domains, written for its webhooks as it happens."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

from ca_core.model.certificates import Certificate
from ca_core.model.domains import ClientDomain
from ca_core.model.orders import Order, OrderState
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.webhooks import Delivery, EventType, Webhook
from ca_core.revocation.reasons import reason_name

MAX_PENDING: Final = 1000
"""Deliveries that wait for one webhook; of what happens while there are as many, it is not told (abuse 72)."""

_OF_STATE: Final = {
    OrderState.ISSUED: EventType.ORDER_ISSUED,
    OrderState.FAILED: EventType.ORDER_FAILED,
    OrderState.REJECTED: EventType.ORDER_REJECTED,
}
_LOG = logging.getLogger("trivium.webhooks")


def order_ended(tx: Transaction, sources: Sources, order: Order, certificate: Certificate | None = None) -> None:
    """Tell that an order is ISSUED, FAILED or REJECTED; any other state is none to tell of."""
    event = _OF_STATE.get(order.state)
    if event is None:
        return
    data: dict[str, Any] = {
        "order": order.id,
        "state": order.state,
        "product": order.product_id,
        "identifiers": [str(identifier) for identifier in order.identifiers],
    }
    if order.state is OrderState.ISSUED and certificate is not None:
        data["certificate"] = _described(certificate)
    if order.error is not None:
        data["error"] = {"id": order.error.id, "kind": order.error.kind, "detail": order.error.detail}
    announce(tx, sources, event, order.client_id, data)


def certificate_revoked(tx: Transaction, sources: Sources, certificate: Certificate) -> None:
    """Tell that a certificate is revoked."""
    data = {"order": certificate.order_id, "certificate": _described(certificate)}
    if certificate.revocation is not None:
        data["reason"] = reason_name(certificate.revocation.reason)
    announce(tx, sources, EventType.CERTIFICATE_REVOKED, certificate.client_id, data)


def domain_validated(tx: Transaction, sources: Sources, domain: ClientDomain) -> None:
    """Tell that control of a domain is shown for the Client."""
    data = {"domain": domain.id, "name": domain.name}
    if domain.valid_until is not None:
        data["validUntil"] = _text(domain.valid_until)
    announce(tx, sources, EventType.DOMAIN_VALIDATED, domain.client_id, data)


def announce(tx: Transaction, sources: Sources, event: EventType, client_id: str, data: dict[str, Any]) -> None:
    """Write the event for every webhook of the Client that is to be told of it, in the transaction of its effect."""
    for webhook in tx.webhooks.of_client(client_id):
        if webhook.enabled and event in webhook.events:
            add_delivery(tx, sources, webhook, event, data)


def add_delivery(
    tx: Transaction, sources: Sources, webhook: Webhook, event: EventType, data: dict[str, Any]
) -> Delivery | None:
    """Have a webhook told of an event, whatever it chose; None when too much waits for it already."""
    if tx.deliveries.is_full(webhook.id, MAX_PENDING):
        _LOG.warning("The webhook %s has %s deliveries waiting; %s is dropped", webhook.id, MAX_PENDING, event)
        return None
    now = sources.now()
    delivery = Delivery(
        id=sources.new_id("msg"),
        webhook_id=webhook.id,
        client_id=webhook.client_id,
        event=event,
        body=json.dumps({"type": event, "timestamp": _text(now), "client": webhook.client_id, "data": data}),
        created_at=now,
        due_at=now,
    )
    tx.deliveries.add([delivery])
    tx.jobs.make_due(delivery_job_id(webhook.id), now)
    return delivery


def delivery_job_id(webhook_id: str) -> str:
    """Return the id of the webhook's one job, which waits while there is nothing to deliver."""
    return "job-" + webhook_id.removeprefix("whk-")


def _described(certificate: Certificate) -> dict[str, Any]:
    return {
        "id": certificate.id,
        "serial": f"{certificate.serial:x}",
        "notBefore": _text(certificate.not_before),
        "notAfter": _text(certificate.not_after),
        "fingerprint": certificate.fingerprint,
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
