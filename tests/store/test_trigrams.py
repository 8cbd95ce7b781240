"""Searches for parts of texts, on SQLite and PostgreSQL: what the index of trigrams finds is what a scan finds."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from ca_core.model.certificates import Certificate
from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import FieldName, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.model.repositories.orders import OrderSearch, OrderSort
from ca_core.model.store import Transaction
from conformance.postgresql import Cluster
from store import trigrams
from store.database import Database, open_store
from store.engine import make_engine
from store.migrate import configuration, upgrade
from store.statements import Executor, Row, Statement
from tests.store.samples import CLIENT, HOUR, NOW, add_basics, order
from tests.store.test_order_search import issued, named

SECOND = Client(id="cli-2", name="second", created_at=NOW)
CLIENTS = (CLIENT.id, SECOND.id)
PIECES = (
    *(
        "shop",
        "Shop",
        "SHOP",
        "example",
        "host",
        "-12",
        ".com",
        "ab",
        "a",
        "Z",
        "%",
        "_",
        "\\",
        "'",
        '"',
        '""',
        " ",
        "-",
    ),
    *(
        "Für",
        "ÜBER",
        "straße",
        "Σίσυφος",
        "İz",
        "日本語",
        "日",
        "\U0001f4dc",
        "e\u0301",
        "' OR 1=1 --",
        "NEAR",
        "AND",
        "^",
    ),
)
"""What random texts are made of: also what means something to SQL, LIKE or FTS5."""


def _text(chance: random.Random, most: int) -> str:
    return "".join(chance.choices(PIECES, k=chance.randint(1, most)))


def _orders(chance: random.Random, number: int) -> list[Order]:
    return [
        order(
            client_id=chance.choice(CLIENTS),
            identifiers=tuple(Identifier(type=IdentifierType.DNS, value=_text(chance, 4)) for _ in range(2)),
            fields=(FieldValue(name=FieldName.ORGANIZATION_NAME, value=_text(chance, 4)),),
            tags=tuple(_text(chance, 2) for _ in range(chance.randint(0, 2))),
            comment=_text(chance, 6) if chance.random() < 1 / 2 else "",
        )
        for _ in range(number)
    ]


def _question(chance: random.Random, texts: list[str]) -> str:
    """A text to look for: a piece of one that is there or of none, some of its characters replaced by wildcards."""
    there = chance.choice(texts) if chance.random() < 2 / 3 else _text(chance, 3)
    start = chance.randrange(len(there))
    part = there[start : start + chance.randint(1, 12)]
    wild = "".join(chance.choice("?*") if chance.random() < 1 / 8 else one for one in part)
    return chance.choice(("{}", "*{}", "{}*", "*{}*")).format(chance.choice((wild, part, part.upper(), part.lower())))


def _matches(value: str, asked: str) -> bool:
    """Whether a text is found, as :mod:`store.wildcards` has it, without any SQL."""
    wild = {"?": ".", "*": ".*"}
    pattern = "".join(wild.get(one) or re.escape(one) for one in asked.lower())
    find = re.fullmatch if {"?", "*"} & {*asked} else re.search
    return find(pattern, value.lower(), re.DOTALL) is not None


def _names(of: Order, made: dict[str, Certificate]) -> list[str]:
    subject = [made[of.id].subject] if of.id in made and made[of.id].subject else []
    return [*(one.value for one in of.identifiers), *(one.value for one in of.fields), *subject]


@pytest.mark.parametrize("few", [1000, 5, 0])
async def test_an_indexed_search_finds_what_a_scan_finds(
    database: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator would miss orders and certificates, or see others, for some texts, wildcards or cases."""
    monkeypatch.setattr(trigrams, "FEW", few)
    chance = random.Random(few)  # noqa: S311 - no secret
    orders = _orders(chance, 120)
    made = {
        of.id: issued(of, serial, subject=chance.choice(("", f"CN={_text(chance, 4)}")), not_after=NOW + serial * HOUR)
        for serial, of in enumerate(orders[::2], 1)
    }
    found_few: set[bool] = set()

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.clients.add(SECOND)
        for of in orders:
            tx.orders.add(of)
        for one in made.values():
            tx.certificates.add(one)
        for of in orders[::10]:
            tx.orders.replace_tags(of, ("retagged",))

    await database.write(add)
    orders = [replace(of, tags=("retagged",)) if index % 10 == 0 else of for index, of in enumerate(orders)]
    texts = [one for of in orders for one in (*_names(of, made), *of.tags, of.comment) if one]

    def check(tx: Transaction) -> None:
        for _ in range(120):
            asked, client_ids = _question(chance, texts), chance.choice((None, {CLIENT.id}, {*CLIENTS}, set[str]()))
            seen = [of for of in orders if client_ids is None or of.client_id in client_ids]
            named = [of for of in seen if any(_matches(value, asked) for value in _names(of, made))]
            anywhere = [
                of
                for of in seen
                if any(_matches(value, asked) for value in (*_names(of, made), *of.tags, of.comment) if value)
            ]
            clients = None if client_ids is None else frozenset(client_ids)
            oldest: dict[str, Any] = {"client_ids": clients, "sort": OrderSort.OLDEST, "limit": 200}
            for query, expected in (
                (OrderSearch(**oldest, attribute=asked), named),
                (OrderSearch(**oldest, text=asked), anywhere),
            ):
                assert [one.id for one in tx.orders.search(query)] == [one.id for one in expected], asked
                assert tx.orders.count(query) == len(expected), asked
                found_few.add(0 < len(expected) <= few)
            by_end = CertificateSearch(
                client_ids=clients, attribute=asked, sort=CertificateSort.EXPIRES_FIRST, limit=200
            )
            certified = [made[of.id].id for of in named if of.id in made]
            assert [one.id for one in tx.certificates.search(by_end)] == certified, asked

    await database.read(check)
    assert found_few == ({True, False} if few else {False})


async def test_a_text_that_few_have_reads_the_index_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search for a part of a name would read every text of every Client that the requester sees."""
    rare = [named(f"{word}.example.com") for word in ("first", "second", "third")]

    def add(tx: Transaction) -> None:
        add_basics(tx)
        for of in rare:
            tx.orders.add(of)
            tx.certificates.add(issued(of, rare.index(of) + 1))

    await database.write(add)
    plans: list[str] = []
    run = Executor.all

    def explained(self: Executor, statement: Statement, values: dict[str, Any]) -> list[Row]:
        prepared = statement.prepare(self._dialect)
        bound = prepared.bind(values)
        if self._dialect.name == "sqlite":
            rows = self.connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", bound).fetchall()
            plans.extend(str(row[3]) for row in rows)
        else:
            self.connection.execute("SET enable_seqscan = off")  # which so few rows would be read by
            rows = self.connection.execute(f"EXPLAIN {prepared.text}", bound).fetchall()
            plans.extend(str(row[0]) for row in rows)
        return run(self, statement, values)

    monkeypatch.setattr(Executor, "all", explained)
    search = OrderSearch(client_ids=None, text="second")
    assert await database.read(lambda tx: tx.orders.search(search)) == [rare[1]]
    of_certificates = CertificateSearch(client_ids=None, attribute="third")
    found = await database.read(lambda tx: tx.certificates.search(of_certificates))
    assert [one.order_id for one in found] == [rare[2].id]
    steps = "\n".join(plans)
    assert "order_trigrams" in steps
    assert not re.search(r"(SCAN|Seq Scan on) (orders|order_terms|certificates)\b", steps), steps


async def test_a_text_of_any_length_can_be_looked_for(database: Database, url: str) -> None:
    """A long text, or one with a zero byte, would be an error of the database, which closes the connection."""
    long = order(comment="the quick brown fox " * 50)

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.orders.add(long)

    await database.write(add)
    for asked, expected in (("the quick brown fox " * 20, [long]), ("x" * 1000, [])):
        query = OrderSearch(client_ids=None, text=asked)
        assert await database.read(lambda tx, query=query: tx.orders.search(query)) == expected  # type: ignore[misc]
    zero = OrderSearch(client_ids=None, text="qui\0ck")
    if url.startswith("sqlite"):
        assert await database.read(lambda tx: tx.orders.search(zero)) == []
    else:  # PostgreSQL has no text with one
        with pytest.raises(TriviumError) as refused:
            await database.read(lambda tx: tx.orders.search(zero))
        assert refused.value.kind is ErrorKind.MALFORMED


async def test_orders_of_an_older_program_are_found(empty_url: str) -> None:
    """What was ordered before an update would be found by no part of its name after it."""
    older = order(comment="from before the update")
    with make_engine(empty_url).begin() as connection:
        command.upgrade(configuration(connection), "head")
    first = open_store(empty_url)
    await first.write(add_basics)
    await first.write(lambda tx: tx.orders.add(older))
    first.close()
    with make_engine(empty_url).begin() as connection:
        command.downgrade(configuration(connection), "0032")
        assert connection.execute(text("SELECT count(*) FROM order_terms")).scalar_one() > 0
    upgrade(empty_url)
    second = open_store(empty_url)
    search = OrderSearch(client_ids=None, text="before the UPDATE")
    assert await second.read(lambda tx: tx.orders.search(search)) == [older]
    await second.write(lambda tx: tx.orders.replace_tags(older, ("later",)))
    tagged = OrderSearch(client_ids=None, text="late")
    assert await second.read(lambda tx: tx.orders.search(tagged)) == [replace(older, tags=("later",))]
    second.close()


@pytest.fixture
def poor_url(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """A database whose user may not create extensions: the user's URL and the administrator's."""
    administrators = cluster.new_database()
    plain = administrators.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE ROLE poor LOGIN")
        connection.execute("GRANT ALL ON SCHEMA public TO poor")
        yield administrators.replace("postgres@", "poor@"), plain
        connection.execute("DROP OWNED BY poor")
        connection.execute("DROP ROLE poor")


def test_a_database_without_pg_trgm_says_what_to_do(poor_url: tuple[str, str]) -> None:
    """An administrator whose database user may not create the extension would read SQL, or have searches that crawl."""
    users, administrators = poor_url
    with pytest.raises(TriviumError, match="CREATE EXTENSION pg_trgm"):
        upgrade(users)
    with psycopg.connect(administrators, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    upgrade(users)
