"""Audit records, used values and blocked keys in the store, and what it refuses, on SQLite and on PostgreSQL."""

# Writes are lambdas of one line here, and what they return does not matter.
# mypy: disable-error-code="func-returns-value"

from datetime import timedelta

from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.errors import ErrorKind
from store.database import Database
from tests.store.refused import refused
from tests.store.samples import (
    CLIENT,
    HOUR,
    NOW,
    order,
)


async def test_audit_records_come_back_in_sequence(store: Database) -> None:
    """The auditor would read another story than the one that happened (rule 89)."""
    records = [
        AuditRecord(
            id=f"aud-{index}",
            at=NOW + timedelta(microseconds=index),
            actor="operator:me",
            client_id=CLIENT.id if index else None,
            action="order.place",
            object_id="ord-1",
            outcome=Outcome.REFUSED,
            details={"b": "é", "a": [1, {"z": None}]},
        )
        for index in range(3)
    ]
    await store.write(lambda tx: (tx.audit.append(records[:2]), tx.audit.append(records[2:]), tx.audit.append([])))
    assert await store.read(lambda tx: tx.audit.get("aud-1")) == records[1]
    assert await store.read(lambda tx: tx.audit.get("aud-none")) is None
    assert await store.read(lambda tx: tx.audit.of_object("ord-1", 2)) == [records[2], records[1]]
    assert await store.read(lambda tx: tx.audit.latest()) == records[2]


async def test_a_value_is_used_once_until_it_is_forgotten(store: Database) -> None:
    """A nonce could be replayed (rule 38)."""

    async def consume(kind: str, value: str) -> bool:
        return await store.write(lambda tx: tx.once.consume(kind, value, NOW + HOUR))

    assert [await consume("nonce", "a"), await consume("nonce", "a"), await consume("eab", "a")] == [True, False, True]
    assert await store.write(lambda tx: tx.once.purge(NOW, 10)) == 0
    assert await store.write(lambda tx: tx.once.purge(NOW + HOUR, 1)) == 1
    assert await store.write(lambda tx: tx.once.purge(NOW + HOUR, 10)) == 1


async def test_a_blocked_key_keeps_its_first_reason(store: Database) -> None:
    """A compromised key could be used again (rules 25, 26)."""
    await store.write(lambda tx: tx.blocked_keys.add(b"\x01" * 32, "compromised", NOW))
    await store.write(lambda tx: tx.blocked_keys.add(b"\x01" * 32, "other", NOW))
    assert await store.read(lambda tx: tx.blocked_keys.reason(b"\x01" * 32)) == "compromised"
    assert await store.read(lambda tx: tx.blocked_keys.reason(b"\x02" * 32)) is None


async def test_text_that_cannot_be_stored_is_the_callers_fault(store: Database) -> None:
    """A lone surrogate in a request would be answered as an error of the server."""
    kind = await refused(store, lambda tx: tx.once.consume("nonce", "\ud800", NOW))
    assert kind is ErrorKind.MALFORMED
    assert await refused(store, lambda tx: tx.orders.add(order(comment="\ud800"))) is ErrorKind.MALFORMED


async def test_a_row_that_refers_to_nothing_is_refused(store: Database) -> None:
    """An order of no Client would belong to nobody."""
    assert await refused(store, lambda tx: tx.orders.add(order(client_id="cli-none"))) is ErrorKind.INTERNAL
