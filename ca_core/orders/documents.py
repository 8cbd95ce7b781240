"""Registration documents of an order: PDF, JPEG or PNG by their content, kept as they came, with their digest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import DocumentType, OfferedDocument, RegistrationDocument
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.document_types import document_type
from ca_core.orders.queries import order_for

MAX_SIZE: Final = 5 * 1024 * 1024
"""Bytes of one document."""
MAX_DOCUMENTS: Final = 10
_MAX_NAME: Final = 200
_REFUSED_IN_NAMES: Final = frozenset('/\\:*?"<>|')
"""What would make of a name a path, or be refused by the machine that a document is downloaded to (abuse 59, 65)."""


@dataclass(frozen=True, kw_only=True)
class InspectedDocument:
    """A document that may be stored: its type found from its content, its name fit for a file."""

    name: str
    type: DocumentType
    content: bytes
    digest: str


async def listing(core: Core, order_id: str, principal: Principal) -> list[RegistrationDocument]:
    """Return an order's documents without their content, oldest first; raises NOT_FOUND, FORBIDDEN."""

    def read(tx: Transaction) -> list[RegistrationDocument]:
        return tx.documents.of_order(order_for(tx, order_id, principal, Permission.ORDER_VIEW).id)

    return await core.store.read(read)


async def download(core: Core, document_id: str, principal: Principal) -> tuple[RegistrationDocument, bytes]:
    """Return a document and its content; raises NOT_FOUND, also for another Client's, and FORBIDDEN."""

    def read(tx: Transaction) -> tuple[RegistrationDocument, bytes]:
        document, content = tx.documents.get(document_id), tx.documents.content(document_id)
        if document is None or content is None:
            raise not_found("document")
        order_for(tx, document.order_id, principal, Permission.ORDER_VIEW, what="document")
        return document, content

    return await core.store.read(read)


async def add(
    core: Core, order_id: str, offered: Sequence[OfferedDocument], principal: Principal
) -> list[RegistrationDocument]:
    """Add documents to an order, all or none; raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, and as `inspect`."""
    inspected = inspect(offered)

    def act(tx: Transaction) -> list[RegistrationDocument]:
        order = order_for(tx, order_id, principal, Permission.ORDER_UPDATE)
        if len(tx.documents.of_order(order.id)) + len(inspected) > MAX_DOCUMENTS:
            raise _too_many()
        return store_documents(core, tx, order, inspected, principal)

    return await core.store.write(act)


def inspect(offered: Sequence[OfferedDocument]) -> tuple[InspectedDocument, ...]:
    """Return the documents that may be stored; raises MALFORMED or TOO_LARGE, saying which is refused and why."""
    if len(offered) > MAX_DOCUMENTS:
        raise _too_many()
    return tuple(_inspect(document) for document in offered)


def store_documents(
    core: Core, tx: Transaction, order: Order, documents: Sequence[InspectedDocument], principal: Principal
) -> list[RegistrationDocument]:
    """Store documents with their audit records in the caller's write."""
    return [_store(core, tx, order, document, principal) for document in documents]


def _store(
    core: Core, tx: Transaction, order: Order, inspected: InspectedDocument, principal: Principal
) -> RegistrationDocument:
    document = RegistrationDocument(
        id=core.sources.new_id("doc"),
        order_id=order.id,
        client_id=order.client_id,
        name=inspected.name,
        type=inspected.type,
        size=len(inspected.content),
        digest=inspected.digest,
        added_by=principal.actor,
        created_at=core.sources.now(),
    )
    tx.documents.add(document, inspected.content)
    record = entry(
        core.sources,
        principal,
        "order.add-document",
        order.id,
        client_id=order.client_id,
        document=document.id,
        name=document.name,
        sha256=document.digest,
    )
    tx.audit.append([record])
    return document


def _inspect(offered: OfferedDocument) -> InspectedDocument:
    name = offered.name.strip()
    shown = ascii(name[:_MAX_NAME])
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable() or name.startswith(".") or _REFUSED_IN_NAMES & {*name}:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"The document name {shown} is refused: give it 1 to {_MAX_NAME} printable characters, no dot first and "
            f"none of {' '.join(sorted(_REFUSED_IN_NAMES))}",
        )
    if len(offered.content) > MAX_SIZE:
        raise TriviumError(
            ErrorKind.TOO_LARGE, f"The document {shown} has more than {MAX_SIZE // 1024 // 1024} MiB; make it smaller."
        )
    kind = document_type(offered.content)
    if kind is None:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"The document {shown} is refused: its content is no whole PDF, JPEG or PNG and nothing else.",
        )
    digest = hashlib.sha256(offered.content).hexdigest()
    return InspectedDocument(name=name, type=kind, content=offered.content, digest=digest)


def _too_many() -> TriviumError:
    return TriviumError(ErrorKind.MALFORMED, f"An order has at most {MAX_DOCUMENTS} registration documents.")
