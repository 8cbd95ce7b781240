"""Search orders, as far as the principal may see them: by pages that continue each other, or by numbered ones."""

from dataclasses import dataclass
from typing import Final

from ca_core.access.authorisation import restricted
from ca_core.access.visibility import MAX_PAGE
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.orders import OrderSearch
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.details import OrderDetails, details_of

MAX_NUMBERED_PAGE: Final = 300
"""The most orders of a numbered page: a longer one is cut, as users of the published API are used to."""
MAX_OFFSET: Final = 10_000_000
MAX_TEXT: Final = 200
"""Characters of a text that is searched for."""


@dataclass(frozen=True, kw_only=True)
class OrderPage:
    """A page of found orders. ``next`` is what :func:`page` continues behind; None on the last page.

    ``previous`` is the same for the page before it, asked for backwards; None on the first page.
    """

    orders: tuple[OrderDetails, ...]
    next: str | None
    previous: str | None


@dataclass(frozen=True, kw_only=True)
class NumberedPage:
    """A numbered page; ``total`` is how many orders the principal sees, ``found`` how many of them match."""

    orders: tuple[OrderDetails, ...]
    total: int
    found: int


async def page(core: Core, query: OrderSearch, principal: Principal, *, backwards: bool = False) -> OrderPage:
    """Return the page behind the order ``query.after`` (None: the first), or the page before it.

    ``backwards`` without ``after`` is the last page. Raises FORBIDDEN when the principal may see the orders of no
    Client, MALFORMED for a text that is too long.
    """
    allowed = _allowed(query, principal, MAX_PAGE)
    asked = replace(
        allowed, sort=allowed.sort.reversed if backwards else allowed.sort, offset=0, limit=allowed.limit + 1
    )

    def read(tx: Transaction) -> OrderPage:
        found = tx.orders.search(asked)
        more, orders = len(found) > allowed.limit, found[: allowed.limit]
        behind = query.after is not None and bool(orders)
        if backwards:
            orders.reverse()
        has_previous, has_next = (more, behind) if backwards else (behind, more)
        return OrderPage(
            orders=tuple(details_of(tx, orders, principal)),
            previous=orders[0].id if has_previous else None,
            next=orders[-1].id if has_next else None,
        )

    return await core.store.read(read)


async def numbered_page(
    core: Core, query: OrderSearch, principal: Principal, *, start: int = 0, length: int = MAX_NUMBERED_PAGE
) -> NumberedPage:
    """Return up to ``length`` orders (at most MAX_NUMBERED_PAGE) from the ``start``-th on, the first being 0.

    A start past the end gives no orders and the right totals. Raises as :func:`page`.
    """
    allowed = _allowed(replace(query, after=None, limit=length), principal, MAX_NUMBERED_PAGE)
    everything = OrderSearch(client_ids=allowed.client_ids)

    def read(tx: Transaction) -> NumberedPage:
        total = tx.orders.count(everything)
        found = total if _asks_nothing(query) else tx.orders.count(allowed)
        orders = _numbered(tx, allowed, max(0, min(start, MAX_OFFSET)), found)
        return NumberedPage(orders=tuple(details_of(tx, orders, principal)), total=total, found=found)

    return await core.store.read(read)


def _numbered(tx: Transaction, query: OrderSearch, start: int, found: int) -> list[Order]:
    """Return the orders from the ``start``-th of ``found`` on, counted from the end that is nearer."""
    end = min(start + query.limit, found)
    if start >= end:
        return []
    if start <= found - end:
        return tx.orders.search(replace(query, offset=start, limit=end - start))
    backwards = replace(query, sort=query.sort.reversed, offset=found - end, limit=end - start)
    return tx.orders.search(backwards)[::-1]


def _asks_nothing(query: OrderSearch) -> bool:
    plain = OrderSearch(client_ids=query.client_ids, sort=query.sort, after=query.after, limit=query.limit)
    return replace(query, offset=0) == plain


def _allowed(query: OrderSearch, principal: Principal, longest: int) -> OrderSearch:
    """Return the search as the principal may make it: over the Clients it sees, in bounds (abuse 48, 73)."""
    for text in (query.attribute, query.text, query.identifier, *query.tags):
        if text is not None and len(text) > MAX_TEXT:
            raise TriviumError(ErrorKind.MALFORMED, f"A text to search for has at most {MAX_TEXT} characters.")
    return restricted(replace(query, limit=min(query.limit, longest)), principal, Permission.ORDER_VIEW)
