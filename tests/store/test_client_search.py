"""What users search Clients by, on SQLite and PostgreSQL: wildcards, tenancy, pages and their totals."""

from typing import Any

import pytest

from ca_core.model.clients import Client
from ca_core.model.repositories.clients import ClientSearch
from ca_core.model.store import Transaction
from store.database import Database
from tests.store.samples import NOW

NAMES = {"cli-1": "Alpha", "cli-2": "Beta_x", "cli-3": "Gamma 100%", "cli-4": "Alphabet"}


@pytest.fixture
async def store(database: Database) -> Database:
    """Four Clients."""

    def add(tx: Transaction) -> None:
        for client_id, name in NAMES.items():
            tx.clients.add(Client(id=client_id, name=name, description=f"the {client_id}", created_at=NOW))

    await database.write(add)
    return database


@pytest.mark.parametrize(
    ("query", "found", "total", "matching"),
    [
        ({}, ["cli-1", "cli-2", "cli-3", "cli-4"], 4, 4),
        ({"text": "alpha"}, ["cli-1", "cli-4"], 4, 2),
        ({"text": "ALPHA*"}, ["cli-1", "cli-4"], 4, 2),
        ({"text": "alpha???"}, ["cli-4"], 4, 1),
        ({"text": "*a"}, ["cli-1"], 4, 1),
        ({"text": "a_x"}, ["cli-2"], 4, 1),
        ({"text": "_"}, ["cli-2"], 4, 1),
        ({"text": "0%"}, ["cli-3"], 4, 1),
        ({"text": "%"}, ["cli-3"], 4, 1),
        ({"text": "\\"}, [], 4, 0),
        ({"text": "the cli-3"}, ["cli-3"], 4, 1),
        ({"client_ids": frozenset({"cli-2", "cli-9"})}, ["cli-2"], 1, 1),
        ({"client_ids": frozenset({"cli-2"}), "text": "alpha"}, [], 1, 0),
        ({"client_ids": frozenset()}, [], 0, 0),
        ({"offset": 1, "limit": 2}, ["cli-2", "cli-3"], 4, 4),
        ({"offset": 9}, [], 4, 4),
        ({"after": "cli-2"}, ["cli-3", "cli-4"], 4, 4),
    ],
)
async def test_clients_are_found(
    store: Database, query: dict[str, Any], found: list[str], total: int, matching: int
) -> None:
    """A user would miss a Client, or see one of somebody else's; a sign of SQL's own would be a wildcard."""
    search = ClientSearch(**{"client_ids": None, **query})
    assert [client.id for client in await store.read(lambda tx: tx.clients.search(search))] == found
    assert await store.read(lambda tx: tx.clients.count(search)) == (total, matching)
