"""Certificate searches: walks over an index of each Client, as those of :mod:`store.order_search`."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, exists, literal, select, tuple_

from ca_core.model.certificates import Certificate
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from store.columns import among
from store.order_search import known_clients, orders_of_serial
from store.order_terms import contains
from store.search_parts import ISSUED, NAMED
from store.statements import Executor, Statement
from store.tables import certificates, order_terms
from store.trigrams import candidates

_DESCENDING: Final = frozenset({CertificateSort.NEWEST, CertificateSort.EXPIRES_LAST})
_BY_EXPIRY: Final = frozenset({CertificateSort.EXPIRES_FIRST, CertificateSort.EXPIRES_LAST})


def found_ids(executor: Executor, query: CertificateSearch, after: Certificate | None) -> list[str]:
    """Return the ids of the page behind ``after``, in its sequence."""
    few = None if query.attribute is None else candidates(executor, query.attribute)
    walked = known_clients(executor, query.client_ids) if few is None else None
    walk = _walk(query, after, each=walked is not None)
    if few is not None:
        walk = walk.where(among(certificates.c.order_id, few))
    if query.serial is not None:
        of_serial = (certificates.c.serial == query.serial,)
        walk = walk.where(among(certificates.c.order_id, orders_of_serial(executor, query.serial)), *of_serial)
    descending = query.sort in _DESCENDING
    key = [part.desc() if descending else part for part in _key(query)]
    statement = Statement(walk.order_by(*key).limit(query.limit))
    rows = [row for values in _values(walked) for row in executor.all(statement, values)]
    return [row["id"] for row in sorted(rows, key=lambda row: (row["place"], row["id"]), reverse=descending)][
        : query.limit
    ]


def _values(walked: Any) -> Iterator[dict[str, str]]:
    if walked is None:
        yield {}
        return
    for client_id in walked:
        yield {"client_id": client_id}


def _key(query: CertificateSearch) -> tuple[ColumnElement[Any], ColumnElement[str]]:
    """What certificates are sorted by; an order's, and those that end at one time, by their ids."""
    return (certificates.c.not_after if query.sort in _BY_EXPIRY else certificates.c.order_id), certificates.c.id


def _walk(query: CertificateSearch, after: Certificate | None, *, each: bool) -> Select[Any]:
    place, own_id = _key(query)
    statuses = ISSUED if query.statuses is None else query.statuses & ISSUED
    walk = select(place.label("place"), own_id).where(among(certificates.c.status, statuses))
    if each:
        walk = walk.where(certificates.c.client_id == bindparam("client_id"))
    elif query.client_ids is not None:
        walk = walk.where(among(certificates.c.client_id, query.client_ids))
    if query.attribute is not None:
        named = (
            order_terms.c.client_id == certificates.c.client_id,
            order_terms.c.order_id == certificates.c.order_id,
            among(order_terms.c.kind, NAMED),
        )
        walk = walk.where(exists().where(*named, contains(order_terms, query.attribute)))
    if query.issuer_id is not None:
        walk = walk.where(certificates.c.issuer_id == query.issuer_id)
    if query.expires_after is not None:
        walk = walk.where(certificates.c.not_after >= query.expires_after)
    if query.expires_before is not None:
        walk = walk.where(certificates.c.not_after < query.expires_before)
    if after is None:
        return walk
    behind = tuple_(literal(after.not_after if query.sort in _BY_EXPIRY else after.order_id, place.type), after.id)
    return walk.where(tuple_(place, own_id) < behind if query.sort in _DESCENDING else tuple_(place, own_id) > behind)
