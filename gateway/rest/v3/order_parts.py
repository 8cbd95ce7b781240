"""What people attach to an order: tags, additional recipients, registration documents, comments."""

import base64
import binascii
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Response
from pydantic import Field

from ca_core.access.visibility import not_found
from ca_core.model import annotations
from ca_core.model.annotations import AdditionalRecipient, OfferedDocument, RecipientLanguage, RecipientType
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from ca_core.orders import comments, documents, queries, recipients, tags
from gateway.rest.v3.ids import DocumentId, OrderId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Count, Line, Schema, Time, json_answer, list_answer

router = APIRouter(prefix="/v3/orders/{order_id}", tags=["Orders"], route_class=ResourceOperation)

Tags = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=tags.MAX_LENGTH, examples=["web shop"])], ...],
    Field(max_length=tags.MAX_TAGS),
]


class TagList(Schema):
    """Words that an order is found by."""

    tags: Tags


class Recipient(Schema):
    """Somebody who gets one kind of mail about an order."""

    email: Annotated[str, Field(min_length=3, max_length=254, examples=["it@example.com"])]
    type: RecipientType
    language: RecipientLanguage = RecipientLanguage.NEUTRAL

    def in_core(self) -> AdditionalRecipient:
        """Return what the core calls it."""
        return AdditionalRecipient(email=self.email, recipient_type=self.type, language=self.language)


class RecipientList(Schema):
    """The additional recipients of an order's mail."""

    recipients: Annotated[list[Recipient], Field(max_length=recipients.MAX_RECIPIENTS)]


class NewDocument(Schema):
    """A registration document: PDF, JPEG or PNG, told by its content."""

    name: Annotated[Line, Field(min_length=1, max_length=200, examples=["register.pdf"])]
    content: Annotated[
        str,
        Field(
            description="In base64.",
            examples=["JVBERi0xLjcKdHJhaWxlcjw8L1NpemUgMD4+CnN0YXJ0eHJlZgo5CiUlRU9GCg=="],
            max_length=7 * 1024 * 1024,
        ),
    ]

    def in_core(self) -> OfferedDocument:
        """Return what the core calls it; raises MALFORMED for what is no base64."""
        try:
            return OfferedDocument(name=self.name, content=base64.b64decode(self.content, validate=True))
        except (ValueError, binascii.Error):
            raise TriviumError(
                ErrorKind.MALFORMED, "The content of a document is base64 (RFC 4648 section 4), without line breaks."
            ) from None


class Document(Schema):
    """A registration document, without its content."""

    id: DocumentId
    name: Annotated[str, Field(examples=["register.pdf"])]
    type: Annotated[str, Field(examples=["application/pdf"])]
    size: Annotated[Count, Field(description="Bytes.")]
    sha256: Annotated[str, Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
    added_by: str
    created_at: Time


class NewComment(Schema):
    """A comment that other operators of the Client read."""

    text: Annotated[str, Field(min_length=1, max_length=comments.MAX_LENGTH, examples=["Approved by phone"])]


class Comment(NewComment):
    """A comment; the one that the order was placed with has the order's id."""

    id: Annotated[str, Field(examples=["cmt-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    author: str
    created_at: Time


def _document_of(document: annotations.RegistrationDocument) -> Document:
    return Document.model_construct(
        id=document.id,
        name=document.name,
        type=document.type.value,
        size=document.size,
        sha256=document.digest,
        added_by=document.added_by,
        created_at=document.created_at,
    )


def comment_of(comment: annotations.Comment) -> Comment:
    """Return a comment as it is shown."""
    return Comment.model_construct(
        id=comment.id, text=comment.text, author=comment.author, created_at=comment.created_at
    )


def _recipients_of(found: list[AdditionalRecipient]) -> RecipientList:
    shown = [
        Recipient.model_construct(email=one.email, type=one.recipient_type, language=one.language) for one in found
    ]
    return RecipientList.model_construct(recipients=shown)


@router.get("/tags", response_model=TagList)
async def get_order_tags(caller: Called, order_id: OrderId) -> Response:
    """Read the tags of an order."""
    order = (await queries.get(caller.core, order_id, caller.principal)).order
    shown = TagList.model_construct(tags=order.tags)
    return json_answer(shown, etag=tag_of(shown))


@router.put("/tags", response_model=TagList)
async def replace_order_tags(caller: Called, order_id: OrderId, wanted: TagList, if_match: IfMatch) -> Response:
    """Replace the tags of an order."""

    def now(tx: Transaction) -> TagList | None:
        order = tx.orders.get(order_id)
        return None if order is None else TagList.model_construct(tags=order.tags)

    caller.first_write.also(if_match.of(now))
    order = await tags.replace_tags(caller.core, order_id, wanted.tags, caller.principal)
    shown = TagList.model_construct(tags=order.tags)
    return json_answer(shown, etag=tag_of(shown))


@router.get("/recipients", response_model=RecipientList)
async def list_order_recipients(caller: Called, order_id: OrderId) -> Response:
    """List the additional recipients of an order's mail."""
    return json_answer(_recipients_of(await recipients.listing(caller.core, order_id, caller.principal)))


@router.post("/recipients", response_model=RecipientList)
async def add_order_recipients(caller: Called, order_id: OrderId, wanted: RecipientList) -> Response:
    """Add recipients; one that is there already gets the language. Answers with all there are then."""
    added = [one.in_core() for one in wanted.recipients]
    return json_answer(_recipients_of(await recipients.add(caller.core, order_id, added, caller.principal)))


@router.post("/recipients/delete", response_model=RecipientList)
async def delete_order_recipients(caller: Called, order_id: OrderId, wanted: RecipientList) -> Response:
    """Delete recipients by address and type. Answers with those that are left."""
    gone = [one.in_core() for one in wanted.recipients]
    return json_answer(_recipients_of(await recipients.delete(caller.core, order_id, gone, caller.principal)))


@router.get("/documents", response_model=list[Document])
async def list_order_documents(caller: Called, order_id: OrderId) -> Response:
    """List the registration documents of an order, oldest first."""
    found = await documents.listing(caller.core, order_id, caller.principal)
    return list_answer([_document_of(one) for one in found])


@router.post("/documents", response_model=Document, status_code=201)
async def add_order_document(caller: Called, order_id: OrderId, wanted: NewDocument) -> Response:
    """Add a registration document to an order."""
    [added] = await documents.add(caller.core, order_id, [wanted.in_core()], caller.principal)
    location = f"{caller.front_end.external_url}/v3/orders/{order_id}/documents/{added.id}"
    return json_answer(_document_of(added), 201, location=location)


@router.get(
    "/documents/{document_id}",
    response_class=Response,
    responses={200: {"content": {media_type.value: {} for media_type in annotations.DocumentType}}},
)
async def download_order_document(caller: Called, order_id: OrderId, document_id: DocumentId) -> Response:
    """Download a registration document."""
    document, content = await documents.download(caller.core, document_id, caller.principal)
    if document.order_id != order_id:
        raise not_found("document")
    name = quote(document.name, safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, headers=headers, media_type=document.type.value)


@router.get("/comments", response_model=list[Comment])
async def list_order_comments(caller: Called, order_id: OrderId) -> Response:
    """List the comments on an order, oldest first."""
    found = await comments.listing(caller.core, order_id, caller.principal)
    return list_answer([comment_of(one) for one in found])


@router.post("/comments", response_model=Comment, status_code=201)
async def add_order_comment(caller: Called, order_id: OrderId, wanted: NewComment) -> Response:
    """Comment on an order."""
    return json_answer(comment_of(await comments.add(caller.core, order_id, wanted.text, caller.principal)), 201)
