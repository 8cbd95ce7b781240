"""Webhooks: URLs of a Client that are told of events, and each telling of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventType(StrEnum):
    """What a webhook can be told of. ``webhook.test`` comes when somebody asks for it, whatever was chosen."""

    ORDER_ISSUED = "order.issued"
    ORDER_FAILED = "order.failed"
    ORDER_REJECTED = "order.rejected"
    CERTIFICATE_REVOKED = "certificate.revoked"
    DOMAIN_VALIDATED = "domain.validated"
    WEBHOOK_TEST = "webhook.test"


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook (``whk-``) of a Client; the secret it is signed with is stored sealed beside it.

    One that is not ``enabled`` is told of nothing that happens meanwhile.
    """

    id: str
    client_id: str
    url: str
    events: frozenset[EventType]
    description: str = ""
    enabled: bool = True
    created_by: str
    created_at: datetime
    revision: int = 0


class DeliveryState(StrEnum):
    """PENDING: to be sent, or sent again. FAILED: given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The telling of one event to one webhook (``msg-``), with what became of it.

    ``body`` is the JSON text that is sent, byte for byte. ``status`` is the HTTP status of the last answer, None when
    there was none; ``error`` a sentence about the last try. ``due_at`` is when it is tried next.
    """

    id: str
    webhook_id: str
    client_id: str
    event: EventType
    body: str
    created_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    due_at: datetime | None = None
    tried_at: datetime | None = None
    status: int | None = None
    error: str = ""
