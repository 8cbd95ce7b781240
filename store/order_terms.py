"""What orders are found by in the store: the texts in their names, subjects, tags and comments."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, FromClause, bindparam, delete

from ca_core.model.orders import Order
from store.statements import Executor, Statement
from store.tables import MAX_TERM, TermKind, order_terms
from store.wildcards import ESCAPE, like_pattern

_COLUMNS = ("client_id", "order_id", "kind", "value")
_ADD = Statement.upsert(
    order_terms,
    lambda insert: insert.values(
        {name: bindparam(name, type_=order_terms.c[name].type) for name in _COLUMNS}
    ).on_conflict_do_nothing(),
)
_DELETE = Statement(
    delete(order_terms).where(
        order_terms.c.client_id == bindparam("client_id"),
        order_terms.c.order_id == bindparam("order_id"),
        order_terms.c.kind == bindparam("kind", type_=order_terms.c.kind.type),
    )
)


def term(text: str) -> str:
    """Return the text as it stands in the table."""
    return text.lower()[:MAX_TERM]


def contains(table: FromClause, text: str) -> ColumnElement[bool]:
    """Return the condition that a term of the table matches the text of a user (:mod:`store.wildcards`)."""
    return table.c.value.like(like_pattern(text), escape=ESCAPE)


class OrderTermTable:
    """Keeps the terms of orders; every write goes with that of the order or its certificate."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add_order(self, order: Order) -> None:
        """Add what an order is placed with."""
        self.add(order.client_id, order.id, TermKind.NAME, [identifier.value for identifier in order.identifiers])
        self.add(order.client_id, order.id, TermKind.SUBJECT, [field.value for field in order.fields])
        self.add(order.client_id, order.id, TermKind.TAG, order.tags)
        self.add(order.client_id, order.id, TermKind.COMMENT, [order.comment])

    def replace_tags(self, order: Order, tags: Iterable[str]) -> None:
        """Put other tags in the place of an order's."""
        self._run.change(_DELETE, {"client_id": order.client_id, "order_id": order.id, "kind": TermKind.TAG})
        self.add(order.client_id, order.id, TermKind.TAG, tags)

    def add(self, client_id: str, order_id: str, kind: TermKind, texts: Iterable[str]) -> None:
        """Add terms of one kind; an empty text is none, and one that is there already stays."""
        terms = dict.fromkeys(term(text) for text in texts if text)
        self._run.change_many(
            _ADD, [{"client_id": client_id, "order_id": order_id, "kind": kind, "value": value} for value in terms]
        )
