"""Requests with an idempotency key, on SQLite and PostgreSQL: claimed once, at whichever worker (abuse 49)."""

import asyncio
from datetime import timedelta

from ca_core.model.idempotency import IdempotentRequest
from ca_core.model.values import replace
from store.database import Database, open_store
from tests.store.samples import NOW

REQUEST = IdempotentRequest(
    actor="api-user:usr-1", key="k", digest=b"d", created_at=NOW, expires_at=NOW + timedelta(hours=24)
)
LATER = replace(REQUEST, digest=b"e", created_at=REQUEST.expires_at, expires_at=NOW + timedelta(hours=48))


async def claim(store: Database, request: IdempotentRequest) -> bool:
    """Claim the key."""
    return await store.write(lambda tx: tx.idempotent_requests.claim(request))


async def test_of_copies_at_two_workers_one_has_the_key(url: str) -> None:
    """A repeated order would be two certificates."""
    first, second = open_store(url), open_store(url)
    claimed = await asyncio.gather(*(claim(store, REQUEST) for store in (first, second) * 8))
    assert sum(claimed) == 1
    assert not await claim(second, replace(REQUEST, digest=b"other"))
    assert await claim(first, replace(REQUEST, actor="api-user:usr-2"))
    first.close()
    second.close()


async def test_a_key_is_free_again_after_its_time(database: Database) -> None:
    """A key would belong to a request for ever, and its answer would be shown to another request."""
    assert await claim(database, REQUEST)
    await database.write(lambda tx: tx.idempotent_requests.answer(REQUEST.actor, "k", b"sealed"))
    known = await database.read(lambda tx: tx.idempotent_requests.get(REQUEST.actor, "k", NOW))
    assert known == replace(REQUEST, sealed_answer=b"sealed")
    assert await database.read(lambda tx: tx.idempotent_requests.get(REQUEST.actor, "k", REQUEST.expires_at)) is None
    assert not await claim(database, replace(LATER, created_at=REQUEST.expires_at - timedelta(seconds=1)))
    assert await claim(database, LATER)
    assert await database.read(lambda tx: tx.idempotent_requests.get(REQUEST.actor, "k", LATER.created_at)) == LATER


async def test_what_has_expired_is_forgotten(database: Database) -> None:
    """The table would grow with every order ever placed."""
    assert await claim(database, REQUEST)
    assert await database.write(lambda tx: tx.idempotent_requests.purge(NOW, 10)) == 0
    assert await database.write(lambda tx: tx.idempotent_requests.purge(REQUEST.expires_at, 10)) == 1
    assert await database.read(lambda tx: tx.idempotent_requests.get(REQUEST.actor, "k", NOW)) is None
