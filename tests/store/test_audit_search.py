"""Searching the audit log, on SQLite and PostgreSQL."""

from datetime import timedelta
from typing import Any

from alembic import command
from sqlalchemy import text

from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.repositories.audit import AuditSearch
from ca_core.model.values import replace
from store.audit import canonical
from store.database import Database
from store.engine import make_engine
from store.migrate import configuration
from tests.store.samples import NOW

RECORD = AuditRecord(
    id="aud-1",
    at=NOW,
    actor="api-user:usr-1",
    client_id="cli-1",
    action="order.place",
    object_id="ord-1",
    outcome=Outcome.SUCCESS,
    details={"comment": "é"},
)
RECORDS = [
    RECORD,
    replace(RECORD, id="err-2", outcome=Outcome.REFUSED, at=NOW + timedelta(seconds=1)),
    replace(RECORD, id="aud-3", client_id="cli-2", actor="operator:console"),
    replace(RECORD, id="aud-4", action="certificate.revoke", object_id="crt-1", at=NOW + timedelta(hours=1)),
    replace(RECORD, id="aud-5", client_id=None, object_id=""),
]


async def found(store: Database, **wanted: Any) -> list[str]:
    """Return the ids that a search finds."""
    query = AuditSearch(client_ids=frozenset({"cli-1"}), **wanted)
    return [record.id for record in await store.read(lambda tx: tx.audit.search(query))]


async def test_search_finds_what_was_asked_for(database: Database) -> None:
    """An auditor would miss records, or see those of another Client."""
    await database.write(lambda tx: tx.audit.append(RECORDS))
    assert await found(database) == ["aud-4", "err-2", "aud-1"]
    assert await found(database, before="err-2") == ["aud-1"]
    assert await found(database, limit=1) == ["aud-4"]
    assert await found(database, outcome=Outcome.REFUSED) == ["err-2"]
    assert await found(database, action="certificate.revoke") == ["aud-4"]
    assert await found(database, object_id="ord-1", actor="api-user:usr-1") == ["err-2", "aud-1"]
    assert await found(database, since=NOW + timedelta(seconds=1), until=NOW + timedelta(hours=1)) == ["err-2"]
    everything = AuditSearch(client_ids=None)
    assert await database.read(lambda tx: tx.audit.search(everything)) == RECORDS[::-1]
    nothing = AuditSearch(client_ids=frozenset())
    assert await database.read(lambda tx: tx.audit.search(nothing)) == []


async def test_records_of_an_older_program_are_found(empty_url: str) -> None:
    """What happened before an update could not be found after it."""
    with make_engine(empty_url).begin() as connection:
        command.upgrade(configuration(connection), "0019")
        connection.execute(
            text("INSERT INTO audit_records (id, client_id, object_id, record) VALUES ('aud-1', 'cli-1', 'ord-1', :r)"),
            {"r": canonical(replace(RECORD, at=NOW + timedelta(microseconds=7)))},
        )
        command.upgrade(configuration(connection), "head")
        found = connection.execute(text("SELECT at, actor, action, outcome FROM audit_records")).one()
    since = NOW - NOW.replace(year=1970, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    at = since // timedelta(microseconds=1) + 7
    assert tuple(found) == (at, "api-user:usr-1", "order.place", "success")
