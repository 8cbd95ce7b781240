"""What an order search asks, table by table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam

from ca_core.model.certificates import CertificateStatus
from ca_core.model.repositories.orders import OrderSearch
from store.columns import among
from store.order_terms import contains, term
from store.tables import TermKind, certificates, order_terms, orders

ISSUED: Final = frozenset({CertificateStatus.ISSUED, CertificateStatus.REVOKED})
"""Of an order's certificates the one that was delivered: the others are intents, given up or under way."""

NAMED: Final = (TermKind.NAME, TermKind.SUBJECT)
"""The terms that a certificate has."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a search asks of one table, a copy of it under a name of its own.

    ``unique``: of an order one row can match. ``term`` is the kind and the whole text of the term it asks for.
    ``kinds`` are those of the terms that a text is looked for in: each kind has the sequence of the orders for itself,
    and ``kind`` is the column.
    """

    client_id: ColumnElement[str]
    order_id: ColumnElement[str]
    conditions: tuple[ColumnElement[bool], ...]
    unique: bool = False
    term: tuple[TermKind, str] | None = None
    kinds: tuple[TermKind, ...] = ()
    kind: ColumnElement[Any] | None = None

    @property
    def every_condition(self) -> tuple[ColumnElement[bool], ...]:
        """All that it asks, of any of its kinds."""
        return self.conditions if self.kind is None else (*self.conditions, among(self.kind, self.kinds))

    @property
    def walked_conditions(self) -> tuple[ColumnElement[bool], ...]:
        """All that it asks, of the one kind that is bound as ``kind``."""
        return self.conditions if self.kind is None else (*self.conditions, self.kind == bindparam("kind"))


def whole_terms(query: OrderSearch) -> Iterator[Part]:
    """Yield a part for each tag, and for the name."""
    wanted = [(TermKind.TAG, tag) for tag in query.tags]
    if query.identifier is not None:
        wanted.append((TermKind.NAME, query.identifier))
    for kind, text in wanted:
        table, value = order_terms.alias(), term(text)
        yield Part(
            client_id=table.c.client_id,
            order_id=table.c.order_id,
            conditions=(table.c.kind == kind, table.c.value == value),
            unique=True,
            term=(kind, value),
        )


def text_parts(query: OrderSearch) -> Iterator[Part]:
    """Yield a part for each text that is looked for in terms."""
    for text, kinds in ((query.attribute, NAMED), (query.text, tuple(TermKind))):
        if text is None:
            continue
        table = order_terms.alias()
        yield Part(
            client_id=table.c.client_id,
            order_id=table.c.order_id,
            conditions=(contains(table, text),),
            kinds=kinds,
            kind=table.c.kind,
        )


def certificate_part(query: OrderSearch) -> Iterator[Part]:
    """Yield a part for what the certificate is asked, if anything."""
    table = certificates.alias()
    conditions: list[ColumnElement[bool]] = []
    if query.reasons is not None:
        conditions.append(among(table.c.revocation_reason, query.reasons))
    if query.start_after is not None:
        conditions.append(table.c.not_before >= query.start_after)
    if query.start_before is not None:
        conditions.append(table.c.not_before < query.start_before)
    if conditions:
        issued = among(table.c.status, ISSUED)
        yield Part(client_id=table.c.client_id, order_id=table.c.order_id, conditions=(issued, *conditions))


def order_part(query: OrderSearch, known: frozenset[str] | None) -> Part:
    """Return what the order itself is asked; ``known`` are the only ones that can match, None: any."""
    table = orders.alias()
    conditions: list[ColumnElement[bool]] = []
    if known is not None:
        conditions.append(among(table.c.id, known))
    if query.states is not None:
        conditions.append(among(table.c.state, query.states))
    if query.roads is not None:
        conditions.append(among(table.c.road, query.roads))
    if query.product_ids is not None:
        conditions.append(among(table.c.product_id, query.product_ids))
    if query.placed_by is not None:
        conditions.append(table.c.placed_by == query.placed_by)
    if query.account_id is not None:
        conditions.append(table.c.account_id == query.account_id)
    return Part(client_id=table.c.client_id, order_id=table.c.id, conditions=tuple(conditions), unique=True)
