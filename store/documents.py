"""Registration documents in the store; a list never reads their content."""

from sqlalchemy import bindparam, insert, select

from ca_core.model.annotations import RegistrationDocument
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import registration_documents

_DESCRIPTION = [column for column in registration_documents.c if column.name != "content"]

_ADD = Statement(insert(registration_documents))
_GET = Statement(select(*_DESCRIPTION).where(registration_documents.c.id == bindparam("id")))
_CONTENT = Statement(select(registration_documents.c.content).where(registration_documents.c.id == bindparam("id")))
_OF_ORDER = Statement(
    select(*_DESCRIPTION)
    .where(registration_documents.c.order_id == bindparam("order_id"))
    .order_by(registration_documents.c.id)
)


class RegistrationDocumentTable:
    """Implements :class:`ca_core.model.repositories.annotations.RegistrationDocuments`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, document: RegistrationDocument, content: bytes) -> None:
        """Store a document with its content."""
        self._run.change(_ADD, {**vars(document), "content": content})

    def get(self, document_id: str) -> RegistrationDocument | None:
        """Return the document of this id, without its content."""
        row = self._run.one(_GET, {"id": document_id})
        return None if row is None else of_members(RegistrationDocument, row)

    def content(self, document_id: str) -> bytes | None:
        """Return the content of the document of this id."""
        row = self._run.one(_CONTENT, {"id": document_id})
        return None if row is None else row["content"]

    def of_order(self, order_id: str) -> list[RegistrationDocument]:
        """Return the order's documents, oldest first."""
        return [of_members(RegistrationDocument, row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]
