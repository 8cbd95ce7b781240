"""Orders in a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ca_core.model.certificates import RevocationReason
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import Road


class OrderSort(StrEnum):
    """How found orders are sorted: by when they were placed, which their ids say."""

    NEWEST = "newest"
    OLDEST = "oldest"

    @property
    def reversed(self) -> "OrderSort":
        """The same, from the other end."""
        return OrderSort.OLDEST if self is OrderSort.NEWEST else OrderSort.NEWEST


@dataclass(frozen=True, kw_only=True)
class OrderSearch:
    """What operators search orders by; None means any. ``client_ids`` None is the operator's own service only.

    ``serial``, ``reasons``, ``start_after`` and ``start_before`` (UTC; the first included, the last not) are the
    certificate's. ``identifier`` is a whole name, ``attribute`` a text in a name or the subject, ``text`` one in any of
    these, a tag or the comment; both may have the wildcards ? and *. ``tags`` are those that an order has all of.
    ``placed_by`` is the actor's name in the audit log.

    A page begins behind the order ``after``, in the order of the sort, and there with the ``offset``-th.
    """

    client_ids: frozenset[str] | None
    order_id: str | None = None
    states: frozenset[OrderState] | None = None
    roads: frozenset[Road] | None = None
    product_ids: frozenset[str] | None = None
    placed_by: str | None = None
    account_id: str | None = None
    serial: int | None = None
    reasons: frozenset[RevocationReason] | None = None
    start_after: datetime | None = None
    start_before: datetime | None = None
    identifier: str | None = None
    attribute: str | None = None
    text: str | None = None
    tags: tuple[str, ...] = ()
    sort: OrderSort = OrderSort.NEWEST
    after: str | None = None
    offset: int = 0
    limit: int = 50


class Orders(Protocol):
    """Orders."""

    def add(self, order: Order) -> None: ...
    def get(self, order_id: str) -> Order | None: ...
    def save(self, order: Order) -> Order: ...
    def replace_tags(self, order: Order, tags: Sequence[str]) -> None:
        """Replace the tags, whatever else changes: no save of the order touches them, and its revision stays."""
        ...

    def of_account(self, account_id: str, *, after: str | None, limit: int) -> list[Order]:
        """The account's orders, oldest first, from the one behind the id ``after``."""
        ...

    def search(self, query: OrderSearch) -> list[Order]:
        """The page of those that match, as ``query.sort`` says."""
        ...

    def count(self, query: OrderSearch) -> int:
        """How many match, on all pages."""
        ...

    def referring_to(self, authorization_id: str) -> list[Order]:
        """The orders in state NEW that refer to the authorization."""
        ...

    def replacing(self, certificate_id: str) -> Order | None:
        """The order that replaces the certificate and did not fail; ``add`` of a second one raises CONFLICT."""
        ...

    def waiting(self, client_ids: frozenset[str] | None, *, text: str = "", after: str = "", limit: int) -> list[Order]:
        """Orders in state NEW that have their CSR and so wait for control of their names, oldest first.

        Of these Clients (None: of all), behind the id ``after``; with a name that ``text`` is part of, if there is one.
        """
        ...

    def expired(self, now: datetime, limit: int) -> list[Order]:
        """Orders in state NEW whose ``expires_at`` has passed."""
        ...

    def unapproved(self, now: datetime, limit: int) -> list[Order]:
        """Orders in state PENDING_AUTH whose ``expires_at`` has passed."""
        ...
