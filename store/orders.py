"""Orders in the store."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, bindparam, exists, insert, select, update

from ca_core.model.orders import Order, OrderState
from ca_core.model.repositories.orders import OrderSearch
from ca_core.model.values import of_members, replace
from store.columns import among, inline
from store.order_search import OrderFinder
from store.order_terms import OrderTermTable, contains
from store.revisions import conflict, save_statement
from store.statements import Executor, Reader, Statement
from store.tables import TermKind, order_authorizations, order_terms, orders, replaces, waiting

_NEW = orders.c.state == inline(OrderState.NEW)

_ORDERS = Reader(partial(of_members, Order))
_ADD = Statement(insert(orders))
_ADD_AUTHORIZATION = Statement(insert(order_authorizations))
_SAVE_TAGS = Statement(update(orders).where(orders.c.id == bindparam("order_id")).values(tags=bindparam("new_tags")))
_GET = Statement(select(orders).where(orders.c.id == bindparam("id")))
_SAVE = save_statement(
    orders,
    ("state", "expires_at", "csr", "not_before", "not_after", "certificate_id", "error"),
)
_OF_ACCOUNT = Statement(
    select(orders)
    .where(orders.c.account_id == bindparam("account_id"), orders.c.id > bindparam("after"))
    .order_by(orders.c.id)
    .limit(bindparam("limit"))
)
_REFERRING = Statement(
    select(orders)
    .join(order_authorizations, order_authorizations.c.order_id == orders.c.id)
    .where(order_authorizations.c.authorization_id == bindparam("authorization_id"), _NEW)
    .order_by(orders.c.id)
)
_REPLACING = Statement(select(orders).where(orders.c.replaces == bindparam("replaces"), replaces))


def _past_their_time(state: ColumnElement[bool]) -> Statement:
    return Statement(
        select(orders)
        .where(state, orders.c.expires_at <= bindparam("now"))
        .order_by(orders.c.expires_at)
        .limit(bindparam("limit"))
    )


_EXPIRED = _past_their_time(_NEW)
_UNAPPROVED = _past_their_time(orders.c.state == inline(OrderState.PENDING_AUTH))


class OrderTable:
    """Implements :class:`ca_core.model.store.Orders`.

    What an order was placed with - its Client, account, product version, identifiers and authorizations - never
    changes, so ``save`` leaves it alone; and the tags, which ``replace_tags`` changes.
    """

    def __init__(self, executor: Executor) -> None:
        self._run = executor
        self._terms = OrderTermTable(executor)
        self._finder = OrderFinder(executor)

    def add(self, order: Order) -> None:
        """Store a new order; the authorizations it refers to exist already."""
        self._run.change(_ADD, vars(order))
        self._run.change_many(
            _ADD_AUTHORIZATION,
            [{"authorization_id": known, "order_id": order.id} for known in dict.fromkeys(order.authorization_ids)],
        )
        self._terms.add_order(order)

    def get(self, order_id: str) -> Order | None:
        """Return the order of this id."""
        return self._run.value(_ORDERS, _GET, {"id": order_id})

    def save(self, order: Order) -> Order:
        """Replace the row of this revision; return the order with the next one; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(order)):
            raise conflict(f"order {order.id}")
        return replace(order, revision=order.revision + 1)

    def replace_tags(self, order: Order, tags: Sequence[str]) -> None:
        """Replace the tags; the order's revision stays, so that a pipeline under way is not disturbed."""
        self._run.change(_SAVE_TAGS, {"order_id": order.id, "new_tags": tuple(tags)})
        self._terms.replace_tags(order, tags)

    def of_account(self, account_id: str, *, after: str | None, limit: int) -> list[Order]:
        """Return the account's orders, oldest first, from the one behind the id ``after``."""
        page = {"account_id": account_id, "after": after or "", "limit": limit}
        return self._run.values(_ORDERS, _OF_ACCOUNT, page)

    def search(self, query: OrderSearch) -> list[Order]:
        """Return the page of the orders that match, sorted as the query says."""
        return self._finder.page(query)

    def count(self, query: OrderSearch) -> int:
        """Return how many orders match, on all pages."""
        return self._finder.count(query)

    def referring_to(self, authorization_id: str) -> list[Order]:
        """Return the orders in state NEW that refer to the authorization."""
        return self._run.values(_ORDERS, _REFERRING, {"authorization_id": authorization_id})

    def replacing(self, certificate_id: str) -> Order | None:
        """Return the order that replaces the certificate and did not fail."""
        return self._run.value(_ORDERS, _REPLACING, {"replaces": certificate_id})

    def waiting(self, client_ids: frozenset[str] | None, *, text: str = "", after: str = "", limit: int) -> list[Order]:
        """Return orders of these Clients in state NEW that have their CSR, oldest first."""
        page = select(orders).where(waiting, orders.c.id > after).order_by(orders.c.id).limit(limit)
        if client_ids is not None:
            page = page.where(among(orders.c.client_id, client_ids))
        if text:
            page = page.where(
                exists().where(
                    order_terms.c.client_id == orders.c.client_id,
                    order_terms.c.kind == TermKind.NAME,
                    order_terms.c.order_id == orders.c.id,
                    contains(order_terms, text),
                )
            )
        return [of_members(Order, row) for row in self._run.search(page)]

    def unapproved(self, now: datetime, limit: int) -> list[Order]:
        """Return orders in state PENDING_AUTH whose ``expires_at`` has passed."""
        return self._run.values(_ORDERS, _UNAPPROVED, {"now": now, "limit": limit})

    def expired(self, now: datetime, limit: int) -> list[Order]:
        """Return orders in state NEW whose ``expires_at`` has passed."""
        return self._run.values(_ORDERS, _EXPIRED, {"now": now, "limit": limit})
