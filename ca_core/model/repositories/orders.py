"""Orders in a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ca_core.model.orders import Order, OrderState


@dataclass(frozen=True, kw_only=True)
class OrderSearch:
    """What operators search orders by; None means any. ``client_ids`` None is the operator's own service only."""

    client_ids: frozenset[str] | None
    states: frozenset[OrderState] | None = None
    account_id: str | None = None
    identifier: str | None = None
    before: str | None = None
    limit: int = 50


class Orders(Protocol):
    """Orders."""

    def add(self, order: Order) -> None: ...
    def get(self, order_id: str) -> Order | None: ...
    def save(self, order: Order) -> Order: ...
    def replace_tags(self, order_id: str, tags: Sequence[str]) -> None:
        """Replace the tags, whatever else changes: no save of the order touches them, and its revision stays."""
        ...

    def of_account(self, account_id: str, *, after: str | None, limit: int) -> list[Order]:
        """The account's orders, oldest first, from the one behind the id ``after``."""
        ...

    def search(self, query: OrderSearch) -> list[Order]:
        """Newest first; ``query.before`` is the id the page continues behind."""
        ...

    def referring_to(self, authorization_id: str) -> list[Order]:
        """The orders in state NEW that refer to the authorization."""
        ...

    def replacing(self, certificate_id: str) -> Order | None:
        """The order that replaces the certificate and did not fail; ``add`` of a second one raises CONFLICT."""
        ...

    def waiting(self, client_id: str, *, limit: int) -> list[Order]:
        """The Client's orders in state NEW that have their CSR and so wait for control of their names, oldest first."""
        ...

    def expired(self, now: datetime, limit: int) -> list[Order]:
        """Orders in state NEW whose ``expires_at`` has passed."""
        ...
