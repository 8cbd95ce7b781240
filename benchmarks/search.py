"""How long a page of an order search takes with 100,000 orders, on SQLite and on PostgreSQL.

``python -m benchmarks.search`` fills a database of each kind with orders and certificates of several Clients, then asks
for first and last pages of searches of every kind through the store, as the core does, and prints the medians.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from benchmarks.stored_orders import CLIENTS, LARGE, NOW, PRODUCT, make_certificate, make_id, make_order
from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.clients import Client
from ca_core.model.issuers import Issuer, IssuerKind
from ca_core.model.orders import OrderState
from ca_core.model.products import Road
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.model.repositories.orders import OrderSearch
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from conformance.postgresql import start_cluster
from store.database import Database, open_store
from store.engine import make_engine
from store.migrate import upgrade

GOAL_MS: Final = 50
_GROUP: Final = 500

Figure = Callable[[Transaction], Any]


@dataclass(frozen=True)
class Case:
    """A search: what it is called, and its first page; or a figure of the overview."""

    name: str
    query: OrderSearch | CertificateSearch | Figure


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="how many orders (100,000)")
    parser.add_argument("--rounds", type=int, default=15, help="how often each page is asked for (15)")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one kind of database")
    arguments = parser.parse_args()
    for kind, opened in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        if arguments.only in {None, kind}:
            with opened() as url:
                asyncio.run(_measure(kind, url, arguments.orders, arguments.rounds))


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="trivium-search-") as directory:
        yield f"sqlite:///{directory}/trivium.db"


@contextmanager
def _postgresql() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="trivium-search-") as directory:
        cluster = start_cluster(Path(directory))
        try:
            yield cluster.new_database()
        finally:
            cluster.stop("immediate")


async def _measure(kind: str, url: str, number: int, rounds: int) -> None:
    upgrade(url)
    database = open_store(url)
    try:
        began = time.perf_counter()
        await _fill(database, number)
        _settle(url)
        print(f"\n{kind}: {number} orders, filled in {time.perf_counter() - began:.0f} s; medians of {rounds}, in ms")
        print(f"{'search':44}{'first':>8}{'last':>8}{'count':>8}")
        for case in _cases(number):
            figures = [await _median(database, ask, rounds) for ask in _questions(case.query)]
            mark = "  above the goal" if max(figures[:2]) > GOAL_MS else ""
            print(f"{case.name:44}" + "".join(f"{figure:8.1f}" for figure in figures) + mark)
    finally:
        database.close()


def _questions(query: OrderSearch | CertificateSearch | Figure) -> list[Callable[[Transaction], Any]]:
    if callable(query):
        return [query]
    if isinstance(query, CertificateSearch):
        backwards = replace(query, sort=query.sort.reversed)
        return [lambda tx: tx.certificates.search(query), lambda tx: tx.certificates.search(backwards)]
    last = replace(query, sort=query.sort.reversed)
    return [
        lambda tx: tx.orders.search(query),
        lambda tx: tx.orders.search(last),
        lambda tx: tx.orders.count(query),
    ]


async def _median(database: Database, ask: Callable[[Transaction], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        await database.read(ask)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _cases(number: int) -> list[Case]:
    large, small = frozenset({LARGE}), frozenset({"cli-3"})
    several = frozenset({"cli-1", "cli-2", "cli-3", "cli-4", "cli-5"})
    everything = frozenset(f"cli-{index}" for index in range(CLIENTS))
    rare = f"host-{number // 2}.example.com"
    weeks = [NOW + timedelta(weeks=week) for week in range(13)]
    cases: dict[str, OrderSearch | CertificateSearch | Figure] = {
        "one Client": OrderSearch(client_ids=large),
        "a smaller Client": OrderSearch(client_ids=small),
        "five Clients": OrderSearch(client_ids=several),
        "ten Clients": OrderSearch(client_ids=everything),
        "every Client (the operator)": OrderSearch(client_ids=None),
        "state that many have": OrderSearch(client_ids=large, states=frozenset({OrderState.ISSUED})),
        "state that few have": OrderSearch(client_ids=large, states=frozenset({OrderState.PENDING_AUTH})),
        "state that few have, ten Clients": OrderSearch(
            client_ids=everything, states=frozenset({OrderState.PENDING_AUTH})
        ),
        "state that few have, every Client": OrderSearch(client_ids=None, states=frozenset({OrderState.PENDING_AUTH})),
        "state that none has": OrderSearch(client_ids=large, states=frozenset({OrderState.UNKNOWN})),
        "road": OrderSearch(client_ids=large, roads=frozenset({Road.CMC})),
        "product that none has": OrderSearch(client_ids=large, product_ids=frozenset({"pma-none"})),
        "placed by somebody who placed few": OrderSearch(client_ids=large, placed_by="api-user:rare"),
        "serial": OrderSearch(client_ids=large, serial=number // 2),
        "order reference": OrderSearch(client_ids=large, order_id=make_id("ord", number // 2)),
        "whole name": OrderSearch(client_ids=large, identifier=rare),
        "part of a name that one has": OrderSearch(client_ids=large, attribute=f"*-{number // 2}.example*"),
        "part of a name that all have": OrderSearch(client_ids=large, attribute="*.example.com"),
        "part of a name that none has": OrderSearch(client_ids=large, attribute="no such name"),
        "part of a name, ten Clients": OrderSearch(client_ids=everything, attribute="no such name"),
        "part of a name, every Client": OrderSearch(client_ids=None, attribute="no such name"),
        "any text": OrderSearch(client_ids=large, text="shop"),
        "tag that half have": OrderSearch(client_ids=large, tags=("even",)),
        "tags that few have together": OrderSearch(client_ids=large, tags=("even", "rare")),
        "tag, state, road": OrderSearch(
            client_ids=large, tags=("even",), states=frozenset({OrderState.PENDING_AUTH}), roads=frozenset({Road.CMC})
        ),
        "start validity, the newest": OrderSearch(client_ids=large, start_after=NOW + timedelta(seconds=number - 100)),
        "start validity, the oldest": OrderSearch(client_ids=large, start_before=NOW + timedelta(seconds=100)),
        "revocation reason that few have": OrderSearch(
            client_ids=large, reasons=frozenset({RevocationReason.KEY_COMPROMISE})
        ),
        "certificates: newest": CertificateSearch(client_ids=large),
        "certificates: expiring within 30 days": CertificateSearch(
            client_ids=large,
            statuses=frozenset({CertificateStatus.ISSUED}),
            expires_after=NOW,
            expires_before=NOW + timedelta(days=30),
            sort=CertificateSort.EXPIRES_FIRST,
        ),
        "certificates: expiring, every Client": CertificateSearch(
            client_ids=None, expires_after=NOW, sort=CertificateSort.EXPIRES_FIRST
        ),
        "certificates: subject that one has": CertificateSearch(client_ids=large, attribute=f"*-{number // 2}.ex*"),
        "certificates: subject that all have": CertificateSearch(client_ids=large, attribute="*.example.com"),
        "certificates: serial": CertificateSearch(client_ids=large, serial=number // 2),
        "figures: orders by state": lambda tx: tx.figures.orders_by_state(large),
        "figures: orders by state, every Client": lambda tx: tx.figures.orders_by_state(None),
        "figures: ending in twelve weeks": lambda tx: tx.figures.certificates_ending(large, weeks),
        "figures: ending, every Client": lambda tx: tx.figures.certificates_ending(None, weeks),
        "figures: waiting validations": lambda tx: tx.figures.orders_waiting(None),
        "figures: waiting approvals": lambda tx: tx.figures.approvals_waiting(None),
    }
    return [Case(name, query) for name, query in cases.items()]


async def _fill(database: Database, number: int) -> None:
    await database.write(_add_basics)
    for start in range(0, number, _GROUP):
        await database.write(lambda tx, start=start: _add_orders(tx, start, min(start + _GROUP, number)))  # type: ignore[misc]


def _add_basics(tx: Transaction) -> None:
    for index in range(CLIENTS):
        tx.clients.add(Client(id=f"cli-{index}", name=f"client {index}", created_at=NOW))
    tx.issuers.add(
        Issuer(
            id="iss-1",
            name="Issuing CA",
            kind=IssuerKind.ISSUING,
            certificate=b"",
            key_reference="",
            crl_url="",
            ocsp_url="",
            certificate_url="",
            created_at=NOW,
        )
    )
    tx.products.put(PRODUCT)


def _add_orders(tx: Transaction, start: int, end: int) -> None:
    for index in range(start, end):
        order = make_order(index)
        tx.orders.add(order)
        if order.certificate_id is not None:
            tx.certificates.add(make_certificate(order, index))


def _settle(url: str) -> None:
    """Do what PostgreSQL does by itself soon after so many rows came: know them, and which pages all may see."""
    if url.startswith("postgresql"):
        with make_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    main()
