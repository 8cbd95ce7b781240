"""What orders and certificates are searched by, on SQLite and PostgreSQL: filters, tenancy, pages, and the plans."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca_core.model.certificates import Certificate, CertificateStatus, Revocation, RevocationReason
from ca_core.model.clients import Client
from ca_core.model.fields import FieldName, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import Road
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.model.repositories.orders import OrderSearch, OrderSort
from ca_core.model.store import Transaction
from store import order_search
from store.database import Database
from store.statements import Executor, Row, Statement
from tests.store.samples import CLIENT, HOUR, ISSUER, NOW, PRODUCT, add_basics, certificate, order

SECOND = Client(id="cli-2", name="second", created_at=NOW)
OURS, THEIRS = frozenset({CLIENT.id}), frozenset({SECOND.id})
BOTH = OURS | THEIRS


def named(*names: str, **changes: Any) -> Order:
    """An order for names."""
    identifiers = tuple(Identifier(type=IdentifierType.DNS, value=name) for name in names)
    return order(**{"identifiers": identifiers, "tags": (), "comment": "", **changes})


SHOP = named("shop.example.com", "www.shop.example.com", tags=("Web", "shop"), comment="Für die Kasse")
MAIL = named(
    "mail.example.com",
    tags=("web",),
    road=Road.REST,
    placed_by="api-user:usr-1",
    account_id=None,
    fields=(FieldValue(name=FieldName.ORGANIZATION_NAME, value="Example AG 100%"),),
)
FAILED = named("shop_example.com", state=OrderState.FAILED, account_id=None)
OTHER = named("shop.example.com", client_id=SECOND.id, tags=("web",))
ORDERS = [SHOP, MAIL, FAILED, OTHER]


def issued(of: Order, serial: int, **changes: Any) -> Certificate:
    """A certificate of an order."""
    members = {"status": CertificateStatus.ISSUED, "client_id": of.client_id, **changes}
    return replace(certificate(of.id, serial), **members)


OF_SHOP = issued(SHOP, 0xABC, subject="O=Shop\\, Inc.,CN=shop", not_after=NOW + 30 * HOUR)
OF_MAIL = issued(
    MAIL,
    0xDEF,
    status=CertificateStatus.REVOKED,
    not_before=NOW + HOUR,
    not_after=NOW + 10 * HOUR,
    revocation=Revocation(revoked_at=NOW, reason=RevocationReason.SUPERSEDED, revoked_by="x"),
)
GIVEN_UP = issued(
    SHOP,
    0xBAD,
    status=CertificateStatus.ABANDONED,
    not_before=NOW + 5 * HOUR,
    revocation=Revocation(revoked_at=NOW, reason=RevocationReason.KEY_COMPROMISE, revoked_by="x"),
)
OF_OTHER = issued(OTHER, 0xFED, not_after=NOW + 20 * HOUR)


@pytest.fixture
async def store(database: Database) -> Database:
    """Orders of two Clients, most with a certificate."""

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.clients.add(SECOND)
        for one in ORDERS:
            tx.orders.add(one)
        for made in (GIVEN_UP, OF_SHOP, OF_MAIL, OF_OTHER):
            tx.certificates.add(made)

    await database.write(add)
    return database


QUERIES: list[tuple[dict[str, Any], list[Order]]] = [
    ({}, [OTHER, FAILED, MAIL, SHOP]),
    ({"client_ids": OURS}, [FAILED, MAIL, SHOP]),
    ({"client_ids": BOTH, "sort": OrderSort.OLDEST}, [SHOP, MAIL, FAILED, OTHER]),
    ({"client_ids": frozenset()}, []),
    ({"order_id": MAIL.id}, [MAIL]),
    ({"order_id": MAIL.id, "client_ids": THEIRS}, []),
    ({"order_id": MAIL.id, "serial": 0xABC}, []),
    ({"serial": 0xABC}, [SHOP]),
    ({"serial": 0xABC, "client_ids": THEIRS}, []),
    ({"serial": 1 << 200}, []),
    ({"states": frozenset({OrderState.FAILED, OrderState.REJECTED})}, [FAILED]),
    ({"states": frozenset()}, []),
    ({"roads": frozenset({Road.REST})}, [MAIL]),
    ({"product_ids": frozenset({PRODUCT.id})}, [OTHER, FAILED, MAIL, SHOP]),
    ({"product_ids": frozenset({"pma-9"})}, []),
    ({"placed_by": "api-user:usr-1"}, [MAIL]),
    ({"account_id": "acc-1"}, [OTHER, SHOP]),
    ({"reasons": frozenset({RevocationReason.SUPERSEDED})}, [MAIL]),
    ({"reasons": frozenset({RevocationReason.KEY_COMPROMISE})}, []),
    ({"start_after": NOW + HOUR}, [MAIL]),
    ({"start_before": NOW + HOUR}, [OTHER, SHOP]),
    ({"start_after": NOW, "start_before": NOW + timedelta(seconds=1), "client_ids": OURS}, [SHOP]),
    ({"identifier": "shop.example.com"}, [OTHER, SHOP]),
    ({"identifier": "example.com"}, []),
    ({"attribute": "SHOP.example"}, [OTHER, SHOP]),
    ({"attribute": "SHOP.example", "client_ids": OURS}, [SHOP]),
    ({"attribute": "shop?example.com"}, [OTHER, FAILED, SHOP]),
    ({"attribute": "*.shop.*"}, [SHOP]),
    ({"attribute": "shop_"}, [FAILED]),
    ({"attribute": "100%"}, [MAIL]),
    ({"attribute": "example ag"}, [MAIL]),
    ({"attribute": "*shop\\, inc*"}, [SHOP]),
    ({"attribute": "kasse"}, []),
    ({"attribute": ""}, [OTHER, FAILED, MAIL, SHOP]),
    ({"text": "FÜR DIE"}, [SHOP]),
    ({"text": "web"}, [OTHER, MAIL, SHOP]),
    ({"text": "' OR 1=1 --"}, []),
    ({"tags": ("web",)}, [OTHER, MAIL, SHOP]),
    ({"tags": ("web", "SHOP")}, [SHOP]),
    ({"tags": ("we*",)}, []),
    ({"tags": ("web",), "attribute": "mail", "states": frozenset({OrderState.NEW})}, [MAIL]),
    ({"tags": ("web",), "attribute": "mail", "states": frozenset({OrderState.ISSUED})}, []),
    (
        {"attribute": "example", "text": "kasse", "start_before": NOW + HOUR, "roads": frozenset({Road.ACME})},
        [SHOP],
    ),
    ({"after": OTHER.id, "limit": 2}, [FAILED, MAIL]),
    ({"after": SHOP.id, "sort": OrderSort.OLDEST, "limit": 2}, [MAIL, FAILED]),
    ({"client_ids": BOTH, "offset": 1, "limit": 2}, [FAILED, MAIL]),
    ({"client_ids": OURS, "offset": 1, "limit": 1}, [MAIL]),
    ({"attribute": "example", "offset": 3, "limit": 9}, [SHOP]),
    ({"offset": 9}, []),
]


@pytest.mark.parametrize("most_walks", [50, 1])
@pytest.mark.parametrize("many", [5000, 1])
async def test_orders_are_found(store: Database, most_walks: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator would miss an order, or see another Client's (abuse 45, 63), whichever way the search takes."""
    monkeypatch.setattr(order_search, "MOST_WALKS", most_walks)
    monkeypatch.setattr(order_search, "MANY", many)

    def check(tx: Transaction) -> None:
        for query, expected in QUERIES:
            search = OrderSearch(**({"client_ids": None} | query))
            found = [one.identifiers for one in tx.orders.search(search)]
            assert found == [one.identifiers for one in expected], query
            if not {"after", "offset", "limit"} & {*query}:
                assert tx.orders.count(search) == len(expected), query

    await store.read(check)


async def test_tags_are_found_as_they_are_by_now(store: Database) -> None:
    """An order would be found by a tag that was taken away."""
    await store.write(lambda tx: tx.orders.replace_tags(MAIL, ["New"]))
    for tag, expected in (("new", [MAIL.id]), ("web", [OTHER.id, SHOP.id])):
        search = OrderSearch(client_ids=None, tags=(tag,))
        found = await store.read(lambda tx, search=search: tx.orders.search(search))  # type: ignore[misc]
        assert [one.id for one in found] == expected


async def test_a_long_text_is_found_by_its_beginning(store: Database) -> None:
    """A comment of many characters would not go into PostgreSQL's index, and no order with one would be placed."""
    long = named("long.example.com", comment="\U0001f4dc" * 4000)
    await store.write(lambda tx: tx.orders.add(long))
    search = OrderSearch(client_ids=None, text="\U0001f4dc" * 10)
    assert await store.read(lambda tx: tx.orders.search(search)) == [long]


CERTIFICATE_QUERIES: list[tuple[dict[str, Any], list[Certificate]]] = [
    ({}, [OF_OTHER, OF_MAIL, OF_SHOP]),
    ({"client_ids": OURS, "sort": CertificateSort.OLDEST}, [OF_SHOP, OF_MAIL]),
    ({"client_ids": frozenset()}, []),
    ({"sort": CertificateSort.EXPIRES_FIRST}, [OF_MAIL, OF_OTHER, OF_SHOP]),
    ({"sort": CertificateSort.EXPIRES_LAST, "limit": 2}, [OF_SHOP, OF_OTHER]),
    ({"sort": CertificateSort.EXPIRES_FIRST, "after": OF_MAIL.id, "limit": 1}, [OF_OTHER]),
    ({"sort": CertificateSort.EXPIRES_LAST, "after": OF_OTHER.id}, [OF_MAIL]),
    ({"after": OF_OTHER.id, "limit": 1}, [OF_MAIL]),
    ({"after": OF_MAIL.id, "sort": CertificateSort.OLDEST}, [OF_OTHER]),
    ({"after": "crt-9"}, []),
    ({"statuses": frozenset({CertificateStatus.REVOKED, CertificateStatus.ABANDONED})}, [OF_MAIL]),
    ({"expires_after": NOW + 20 * HOUR}, [OF_OTHER, OF_SHOP]),
    ({"expires_before": NOW + 20 * HOUR}, [OF_MAIL]),
    ({"serial": 0xDEF}, [OF_MAIL]),
    ({"serial": 0xDEF, "client_ids": THEIRS}, []),
    ({"serial": 0xBAD}, []),
    ({"serial": 1 << 200}, []),
    ({"issuer_id": ISSUER.id, "attribute": "shop.example.com"}, [OF_OTHER, OF_SHOP]),
    ({"issuer_id": "iss-9"}, []),
    ({"attribute": "CN=shop", "client_ids": BOTH}, [OF_SHOP]),
    ({"attribute": "kasse"}, []),
]


@pytest.mark.parametrize("most_walks", [50, 1])
async def test_certificates_are_found(store: Database, most_walks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate would expire unseen, or another Client's would be seen."""
    monkeypatch.setattr(order_search, "MOST_WALKS", most_walks)

    def check(tx: Transaction) -> None:
        for query, expected in CERTIFICATE_QUERIES:
            search = CertificateSearch(**({"client_ids": None} | query))
            assert [one.id for one in tx.certificates.search(search)] == [one.id for one in expected], query

    await store.read(check)


LARGE = {"orders", "order_terms", "certificates"}
SEARCHES: dict[str, dict[str, Any]] = {
    "everything": {},
    "state": {"states": frozenset({OrderState.FAILED})},
    "road, product, requester": {
        "roads": frozenset({Road.CMC}),
        "product_ids": frozenset({"pma-9"}),
        "placed_by": "nobody",
    },
    "part of a text": {"attribute": "??"},
    "any text": {"text": "no", "states": frozenset({OrderState.FAILED})},
    "tag": {"tags": ("web",), "reasons": frozenset({RevocationReason.SUPERSEDED})},
    "start": {"start_after": NOW, "roads": frozenset({Road.CMC})},
    "reference": {"order_id": SHOP.id},
    "serial": {"serial": 0xABC},
    "later page": {"after": MAIL.id},
    "last page": {"sort": OrderSort.OLDEST, "states": frozenset({OrderState.FAILED})},
}


async def test_a_search_reads_indexes_in_the_sequence_of_its_answer(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page would cost more with every order ever placed: a scan of a table, or a sort of all that matches."""
    plans: list[str] = []
    run = Executor.all

    def explained(self: Executor, statement: Statement, values: dict[str, Any]) -> list[Row]:
        prepared = statement.prepare(self._dialect)
        bound = prepared.bind(values)
        if self._dialect.name == "sqlite":
            plan = self.connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", bound).fetchall()
            plans.extend(str(step[3]) for step in plan)
        else:
            self.connection.execute("SET enable_seqscan = off")  # which so few rows would be read by
            self.connection.execute("SET enable_bitmapscan = off")
            self.connection.execute("SET enable_sort = off")
            plan = self.connection.execute(f"EXPLAIN (FORMAT JSON) {prepared.text}", bound).fetchone()[0]
            plans.extend(_steps(plan[0]["Plan"]))
        return run(self, statement, values)

    monkeypatch.setattr(Executor, "all", explained)
    for name, asked in SEARCHES.items():
        plans.clear()
        search = OrderSearch(client_ids=OURS, **asked)
        await store.read(lambda tx, search=search: tx.orders.search(search))  # type: ignore[misc]
        scans = [step for step in plans if step.removeprefix("Seq ").lower().removeprefix("scan ") in LARGE]
        sorts = [step for step in plans if "TEMP B-TREE FOR ORDER BY" in step or step.startswith("Sort")]
        assert plans, name
        assert scans == sorts == [], f"{name}: {json.dumps(plans, indent=1)}"


def _steps(plan: dict[str, Any]) -> list[str]:
    own = f"{plan['Node Type']} {plan.get('Relation Name', '')}"
    return [own, *(step for part in plan.get("Plans", ()) for step in _steps(part))]
