"""What comes with an order and is attached to it in the write that places it: comment, tags, recipients, documents."""

from dataclasses import dataclass

from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.comments import check_comment
from ca_core.orders.documents import InspectedDocument, inspect, store_documents
from ca_core.orders.recipients import check_recipients
from ca_core.orders.tags import check_tags


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """What an order request brings to be attached, checked."""

    comment: str
    tags: tuple[str, ...]
    recipients: tuple[AdditionalRecipient, ...]
    documents: tuple[InspectedDocument, ...]


def check_annotations(request: OrderRequest) -> Annotations:
    """Check what the request wants attached; raises MALFORMED or TOO_LARGE, saying what is refused and why."""
    return Annotations(
        comment=check_comment(request.comment),
        tags=check_tags(request.tags),
        recipients=check_recipients(request.recipients),
        documents=inspect(request.documents),
    )


def attach(core: Core, tx: Transaction, order: Order, annotations: Annotations, principal: Principal) -> None:
    """Store what has a table of its own, beside an order that is stored in the same write with comment and tags."""
    tx.recipients.put(order.id, annotations.recipients)
    store_documents(core, tx, order, annotations.documents, principal)
