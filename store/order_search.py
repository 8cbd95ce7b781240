"""Order searches: the orders that match, page by page, and their number.

What a search asks falls into parts, one a table: texts among the terms, what concerns the certificate, the rest among
the orders. Where an index knows the few orders that can match, they alone are looked at. Otherwise one part is walked
in an index of each Client, in the sequence of the orders, up to the end of the page; the others are looked up for each
order on the way, in an index too. So a page costs what it holds, and one that little matches costs a walk over a
Client's entries of one index, never over rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import Select, bindparam, exists, func, literal_column, select

from ca_core.model.orders import Order
from ca_core.model.repositories.orders import OrderSearch, OrderSort
from ca_core.model.values import of_members
from store.columns import MAX_SERIAL, among
from store.search_parts import Part, certificate_part, order_part, text_parts, whole_terms
from store.spread import spread
from store.statements import Executor, Reader, Row, Statement
from store.tables import certificates, clients, issuers, order_terms, orders
from store.trigrams import candidates

MOST_WALKS: Final = 50
"""Clients that are walked one by one. The orders of more are walked all together, past those of other Clients."""

MANY: Final = 5000
"""Orders of a Client with a term from which on it does not pay to walk them, where the orders are asked more."""

_Clients = Sequence[str] | None
"""The Clients to be walked one by one; None: all of the query together."""

_ORDERS: Final = Reader(partial(of_members, Order))
_FIRST_CLIENTS: Final = Statement(select(clients.c.id).order_by(clients.c.id).limit(MOST_WALKS + 1))
_OF_SERIAL: Final = Statement(
    select(certificates.c.order_id).where(
        certificates.c.issuer_id.in_(select(issuers.c.id)),  # they are few, and the index begins with them
        certificates.c.serial == bindparam("serial"),
    )
)
_FREQUENCY: Final = Statement(
    select(func.count().label("number")).select_from(
        select(literal_column("1"))
        .where(
            order_terms.c.client_id == bindparam("client_id"),
            order_terms.c.kind == bindparam("kind", type_=order_terms.c.kind.type),
            order_terms.c.value == bindparam("value"),
        )
        .limit(MANY)
        .subquery()
    )
)


@cache
def _by_ids(names: tuple[str, ...]) -> Statement:
    """The orders of so many ids."""
    return Statement(select(orders).where(orders.c.id.in_([bindparam(name) for name in names])))


def known_clients(executor: Executor, client_ids: frozenset[str] | None) -> _Clients:
    """Return the Clients of a search, where they are few enough to be walked one by one."""
    found = sorted([row["id"] for row in executor.all(_FIRST_CLIENTS, {})] if client_ids is None else client_ids)
    return found if len(found) <= MOST_WALKS else None


def orders_of_serial(executor: Executor, serial: int) -> list[str]:
    """Return the orders that have a certificate of this serial, of whichever issuer."""
    if not 0 <= serial < MAX_SERIAL:
        return []
    return [row["order_id"] for row in executor.all(_OF_SERIAL, {"serial": serial})]


class OrderFinder:
    """Finds orders on one connection."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def page(self, query: OrderSearch) -> list[Order]:
        """Return the page of the orders that match, sorted as the query says."""
        walked, (first, *others) = self._parts(query)
        walk = _walk(query, walked, first, others).where(*first.walked_conditions)
        newest = query.sort is OrderSort.NEWEST
        values = [
            {"client_id": client_id, "kind": kind} for client_id in walked or ("",) for kind in first.kinds or ("",)
        ]
        skipped = query.offset if len(values) == 1 else 0
        start = query.offset - skipped
        order_id = first.order_id
        page = walk.order_by(order_id.desc() if newest else order_id).offset(skipped).limit(start + query.limit)
        found = {row["order_id"] for row in self._each(page, values)}
        return self._orders(sorted(found, reverse=newest)[start : start + query.limit])

    def count(self, query: OrderSearch) -> int:
        """Return how many orders match, on all pages."""
        walked, (first, *others) = self._parts(query)
        matching = _walk(query, walked, first, others).where(*first.every_condition).subquery()
        number = select(func.count().label("number")).select_from(matching)
        return sum(row["number"] for row in self._each(number, [{"client_id": one} for one in walked or ("",)]))

    def _each(self, clause: Select[Any], values: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Run a statement once with each of these values."""
        statement = Statement(clause)
        for each in values:
            yield from self._run.all(statement, each)

    def _parts(self, query: OrderSearch) -> tuple[_Clients, list[Part]]:
        """Return the Clients to walk and what the search asks, table by table, first what is walked."""
        known = self._known(query)
        order = order_part(query, known)
        others = [*whole_terms(query), *text_parts(query), *certificate_part(query)]
        if known is not None:
            return None, [order, *others]
        walked = known_clients(self._run, query.client_ids)
        return walked, self._ranked(order, others, walked)

    def _ranked(self, order: Part, others: list[Part], walked: _Clients) -> list[Part]:
        """Return the parts of a search, the one of which least is walked first."""
        if not others:
            return [order]
        if len(others) == 1 and not order.conditions:
            return others
        frequencies = [self._frequency(part, walked) for part in others]
        ranked = [others[index] for index in sorted(range(len(others)), key=frequencies.__getitem__)]
        if not order.conditions:
            return ranked
        often = min(frequencies) >= MANY
        return [order, *ranked] if often else [*ranked, order]

    def _known(self, query: OrderSearch) -> frozenset[str] | None:
        """Return the only orders that can match, where the search, or an index, knows as few."""
        known: list[frozenset[str]] = []
        if query.order_id is not None:
            known.append(frozenset({query.order_id}))
        if query.serial is not None:
            known.append(frozenset(orders_of_serial(self._run, query.serial)))
        for text in (query.attribute, query.text):
            few = None if text is None else candidates(self._run, text)
            if few is not None:
                known.append(few)
        return frozenset.intersection(*known) if known else None

    def _frequency(self, part: Part, walked: _Clients) -> int:
        """Return how many orders have a term, as far as that matters."""
        if part.term is None or walked is None:
            return MANY
        kind, value = part.term
        return sum(
            self._run.all(_FREQUENCY, {"client_id": client_id, "kind": kind, "value": value})[0]["number"]
            for client_id in walked
        )

    def _orders(self, ids: Sequence[str]) -> list[Order]:
        """Return the orders of these ids, in their sequence."""
        if not ids:
            return []
        wanted = spread("id", ids)
        found = {order.id: order for order in self._run.values(_ORDERS, _by_ids(tuple(wanted)), wanted)}
        return [found[one] for one in ids]


def _walk(query: OrderSearch, walked: _Clients, first: Part, others: Sequence[Part]) -> Select[Any]:
    """Return the walk over the orders of the Client ``client_id``, or of all Clients of the query.

    They match what ``others`` ask; the conditions of ``first`` are the caller's to add.
    """
    walk = select(first.order_id.label("order_id"))
    for other in others:
        same = (other.client_id == first.client_id, other.order_id == first.order_id)
        walk = walk.where(exists().where(*same, *other.every_condition))
    if walked is not None:
        walk = walk.where(first.client_id == bindparam("client_id"))
    elif query.client_ids is not None:
        walk = walk.where(among(first.client_id, query.client_ids))
    if query.after is not None:
        newest = query.sort is OrderSort.NEWEST
        walk = walk.where(first.order_id < query.after if newest else first.order_id > query.after)
    return walk if first.unique else walk.distinct()
