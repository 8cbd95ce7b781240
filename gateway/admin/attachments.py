"""What people attach to an order, as the pages of the order and of its certificate show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ca_core.model.annotations import AdditionalRecipient, Comment, RegistrationDocument
from ca_core.model.orders import Order
from ca_core.orders import comments, documents, recipients
from gateway.admin.possible_acts import may_annotate
from gateway.admin.visit import Visit


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """Comments, documents and recipients, oldest first, and whether the visitor may add to them."""

    order: Order
    comments: Sequence[Comment]
    documents: Sequence[RegistrationDocument]
    recipients: Sequence[AdditionalRecipient]
    may_add: bool

    @property
    def people(self) -> list[str]:
        """Who has added something, as the audit log names them."""
        return [*(one.author for one in self.comments), *(one.added_by for one in self.documents)]


async def attachments_of(visit: Visit, order: Order) -> Attachments:
    """Return what is attached to an order that the visitor sees; raises NOT_FOUND, FORBIDDEN."""
    return Attachments(
        order=order,
        comments=await comments.listing(visit.core, order.id, visit.principal),
        documents=await documents.listing(visit.core, order.id, visit.principal),
        recipients=await recipients.listing(visit.core, order.id, visit.principal),
        may_add=may_annotate(visit, order),
    )
