"""Comments, tags, recipients and documents: added to an order, from its page or that of its certificate."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.visibility import not_found
from ca_core.model.annotations import AdditionalRecipient, OfferedDocument, RecipientLanguage, RecipientType
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from ca_core.orders import comments, documents, queries, recipients, tags
from gateway.admin.downloads import attached
from gateway.admin.order_details import order_page
from gateway.admin.page import act, show
from gateway.admin.sections import ORDERS
from gateway.admin.visit import Visit


async def add_comment(visit: Visit) -> Response:
    """Comment on an order."""
    await comments.add(visit.core, visit.path("order_id"), visit.form.text("text"), visit.principal)
    return await _back(visit, "commented")


async def change_tags(visit: Visit) -> Response:
    """Replace the tags of an order by those of the form, one a line."""
    wanted = [line for line in visit.form.text("tags").splitlines() if line.strip()]
    await tags.replace_tags(visit.core, visit.path("order_id"), wanted, visit.principal)
    return await _back(visit, "saved")


async def add_recipient(visit: Visit) -> Response:
    """Add a recipient of the order's mail."""
    return await _change_recipient(visit, recipients.add)


async def delete_recipient(visit: Visit) -> Response:
    """Delete a recipient."""
    return await _change_recipient(visit, recipients.delete)


async def add_documents(visit: Visit) -> Response:
    """Add the registration documents that were chosen."""
    chosen = visit.form.files("document")
    if not chosen:
        raise TriviumError(ErrorKind.MALFORMED, "No document was chosen; choose a PDF, JPEG or PNG file.")
    offered = [OfferedDocument(name=file.filename or "", content=await file.read()) for file in chosen]
    await documents.add(visit.core, visit.path("order_id"), offered, visit.principal)
    return await _back(visit, "saved")


async def download_document(visit: Visit) -> Response:
    """Download a registration document."""
    document, content = await documents.download(visit.core, visit.path("document_id"), visit.principal)
    if document.order_id != visit.path("order_id"):
        raise not_found("document")
    return attached(content, document.name, document.type.value)


_Change = Callable[..., Awaitable[list[AdditionalRecipient]]]


async def _change_recipient(visit: Visit, change: _Change) -> Response:
    recipient = AdditionalRecipient(
        email=visit.form.text("email"),
        recipient_type=visit.form.choice("type", RecipientType) or RecipientType.ISSUANCE,
        language=visit.form.choice("language", RecipientLanguage) or RecipientLanguage.NEUTRAL,
    )
    await change(visit.core, visit.path("order_id"), [recipient], visit.principal)
    return await _back(visit, "saved")


async def _back(visit: Visit, notice: str) -> Response:
    """Send the browser back to the page that the form was on."""
    order = (await queries.get(visit.core, visit.path("order_id"), visit.principal)).order
    if visit.form.text("page") == "certificate" and order.certificate_id is not None:
        return visit.to(f"/admin/certificates/{order.certificate_id}", notice)
    return visit.to(f"/admin/orders/{order.id}", notice)


def _stored_tags(visit: Visit, tx: Transaction) -> tuple[str, ...] | None:
    order = tx.orders.get(visit.path("order_id"))
    return None if order is None else order.tags


routes: Final[list[Route]] = [
    act("/{order_id}/comments", add_comment, ORDERS),
    act("/{order_id}/tags", change_tags, ORDERS, again=order_page, changes=_stored_tags),
    act("/{order_id}/recipients", add_recipient, ORDERS),
    act("/{order_id}/recipients/delete", delete_recipient, ORDERS),
    act("/{order_id}/documents", add_documents, ORDERS),
    show("/{order_id}/documents/{document_id}", download_document, ORDERS),
]
