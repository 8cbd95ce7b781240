"""Pre-validated domains in the store, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ca_core.model.domains import ClientDomain, DomainToken
from ca_core.model.errors import ErrorKind, TriviumError
from store.database import Database
from tests.store.samples import CLIENT, NOW, add_basics, new_id

DAY = timedelta(days=1)


def domain(name: str) -> ClientDomain:
    """A domain with every field set."""
    return ClientDomain(
        id=new_id("cld"),
        client_id=CLIENT.id,
        name=name,
        created_at=NOW,
        created_by="api-user:usr-1",
        token=DomainToken(value="t" * 32, created_at=NOW, expires_at=NOW + 30 * DAY),
        validated_at=NOW + DAY,
        valid_until=NOW + 200 * DAY,
        dnssec=True,
        checked_at=NOW + DAY,
        result="TXT example.test, DNSSEC validated",
    )


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with a Client."""
    await database.write(add_basics)
    return database


async def test_a_domain_comes_back_as_it_was(store: Database) -> None:
    """A field that is not stored is lost without a word; and of two changes at once one must not undo the other."""
    first, second = domain("b.test"), domain("a.test")
    await store.write(lambda tx: tx.domains.add([first, second]))
    assert await store.read(lambda tx: tx.domains.get(first.id)) == first
    assert await store.read(lambda tx: tx.domains.of_client(CLIENT.id)) == [second, first]
    assert await store.read(lambda tx: tx.domains.named(CLIENT.id, ["c.test", "b.test", "test"])) == [first]
    assert await store.read(lambda tx: tx.domains.named("cli-2", ["b.test"])) == []
    assert await store.read(lambda tx: tx.domains.named(CLIENT.id, [])) == []
    changed = replace(first, token=None, validated_at=None, valid_until=None, dnssec=False, result="")
    saved = await store.write(lambda tx: tx.domains.save(changed))
    assert saved == replace(changed, revision=1)
    assert await store.read(lambda tx: tx.domains.get(first.id)) == saved
    with pytest.raises(TriviumError) as late:
        await store.write(lambda tx: tx.domains.save(changed))
    assert late.value.kind is ErrorKind.CONFLICT
    with pytest.raises(TriviumError) as late:
        await store.write(lambda tx: tx.domains.delete(first))
    assert late.value.kind is ErrorKind.CONFLICT
    await store.write(lambda tx: tx.domains.delete(saved))
    assert await store.read(lambda tx: tx.domains.of_client(CLIENT.id)) == [second]


async def test_a_client_has_a_name_once(store: Database) -> None:
    """Two tokens for one domain: a look for the one would not find the other."""
    first, second = domain("a.test"), domain("a.test")
    await store.write(lambda tx: tx.domains.add([first]))
    with pytest.raises(TriviumError) as twice:
        await store.write(lambda tx: tx.domains.add([second]))
    assert twice.value.kind is ErrorKind.CONFLICT


async def test_the_hourly_check_finds_what_its_token_may_still_show(store: Database) -> None:
    """A domain would wait for ever, or be looked up for ever."""
    shown, again, fresh, without = domain("a.test"), domain("b.test"), domain("c.test"), domain("d.test")
    again = replace(again, token=DomainToken(value="n", created_at=NOW + 2 * DAY, expires_at=NOW + 32 * DAY))
    fresh = replace(fresh, validated_at=None)
    without = replace(without, token=None, validated_at=None)
    await store.write(lambda tx: tx.domains.add([shown, again, fresh, without]))
    now = NOW + 3 * DAY
    found = await store.read(lambda tx: tx.domains.awaiting_check(now, after="", limit=10))
    assert found == [again, fresh]
    assert all(one.awaits_check_at(now) for one in found)
    assert await store.read(lambda tx: tx.domains.awaiting_check(now, after=again.id, limit=10)) == [fresh]
    assert await store.read(lambda tx: tx.domains.awaiting_check(now, after="", limit=1)) == [again]
    late = NOW + 31 * DAY
    assert await store.read(lambda tx: tx.domains.awaiting_check(late, after="", limit=10)) == [again]
