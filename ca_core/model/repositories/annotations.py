"""What people attach to orders, in a store."""

from collections.abc import Sequence
from typing import Protocol

from ca_core.model.annotations import AdditionalRecipient, Comment, RegistrationDocument


class Recipients(Protocol):
    """Additional recipients of an order's mail: an address has one row for each kind of mail."""

    def put(self, order_id: str, recipients: Sequence[AdditionalRecipient]) -> None:
        """Add recipients; one that is there already gets the language."""
        ...

    def remove(self, order_id: str, recipients: Sequence[AdditionalRecipient]) -> None:
        """Remove recipients, whatever their language; one that is not there changes nothing."""
        ...

    def of_order(self, order_id: str) -> list[AdditionalRecipient]:
        """By address, then by type."""
        ...

    def of_orders(self, order_ids: Sequence[str]) -> dict[str, list[AdditionalRecipient]]:
        """Of each of these orders that has any."""
        ...


class Comments(Protocol):
    """Comments that were added to orders; the one an order was placed with is the order's own."""

    def add(self, comment: Comment) -> None: ...
    def of_order(self, order_id: str) -> list[Comment]:
        """Oldest first."""
        ...


class RegistrationDocuments(Protocol):
    """Registration documents; their content is read one at a time."""

    def add(self, document: RegistrationDocument, content: bytes) -> None: ...
    def get(self, document_id: str) -> RegistrationDocument | None: ...
    def content(self, document_id: str) -> bytes | None: ...
    def of_order(self, order_id: str) -> list[RegistrationDocument]:
        """Oldest first."""
        ...
