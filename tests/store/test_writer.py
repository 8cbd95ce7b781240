"""The writer: groups, savepoints, and a store that fails."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from conformance.postgresql import Cluster
from store.database import Database, open_store
from store.migrate import upgrade
from store.transaction import StoreTransaction
from tests.store.samples import NOW, add_basics, order


def consume(value: str) -> Callable[[Transaction], bool]:
    """A write that uses the value up."""
    return lambda tx: tx.once.consume("test", value, NOW)


async def grouped(database: Database, *functions: Callable[[Transaction], object]) -> list[object]:
    """Run the writes in one group: all are asked for in one turn of the loop."""
    return list(await asyncio.gather(*(database.write(function) for function in functions), return_exceptions=True))


async def test_a_refused_write_undoes_itself_and_no_other(database: Database) -> None:
    """One caller's bad request would undo its neighbours' acknowledged writes."""
    await database.write(add_basics)
    placed = order()

    def twice(tx: Transaction) -> None:
        tx.once.consume("test", "undone", NOW)
        tx.orders.add(placed)

    results = await grouped(
        database, consume("a"), lambda tx: tx.orders.add(placed), twice, lambda _tx: 1 / 0, consume("b"), consume("a")
    )
    assert results[0] is True
    assert results[1] is None
    assert isinstance(results[2], TriviumError)
    assert results[2].kind is ErrorKind.CONFLICT
    assert isinstance(results[3], ZeroDivisionError)
    assert results[4:] == [True, False]
    assert await database.write(lambda tx: tx.once.consume("test", "undone", NOW)) is True
    assert await database.read(lambda tx: tx.orders.get(placed.id)) == placed


async def test_a_lone_refused_write_is_undone(database: Database) -> None:
    """A lone write has no savepoint: its first half would stay."""

    def fails(tx: Transaction) -> None:
        tx.once.consume("test", "half", NOW)
        raise StopIteration  # awkward in a coroutine: it must still reach the caller

    with pytest.raises(RuntimeError):
        await database.write(fails)
    assert await database.write(lambda tx: tx.once.consume("test", "half", NOW)) is True


@pytest.mark.parametrize("size", [1, 3])
async def test_what_is_acknowledged_is_stored_although_an_error_was_swallowed(database: Database, size: int) -> None:
    """PostgreSQL rolls back after any error, and answers a COMMIT as if nothing were wrong (fault I8)."""
    await database.write(add_basics)
    placed = order()
    await database.write(lambda tx: tx.orders.add(placed))

    def swallows(tx: Transaction) -> None:
        tx.once.consume("test", "swallowed", NOW)
        with suppress(TriviumError):
            tx.orders.add(placed)

    results = await grouped(database, swallows, *(consume(str(number)) for number in range(1, size)))
    stored = await database.write(lambda tx: not tx.once.consume("test", "swallowed", NOW))
    assert stored is (results[0] is None)


@pytest.mark.parametrize(("others", "waits"), [((), False), ((True,), True), ((False,), False)])
async def test_only_what_need_not_last_does_not_wait_for_the_disk(
    database: Database, others: tuple[bool, ...], *, waits: bool
) -> None:
    """A power cut would undo an acknowledged write, committed together with one that need not last or after it (I8)."""

    def synchronous(tx: Transaction) -> bool:
        assert isinstance(tx, StoreTransaction)
        execute = tx.executor.connection.execute
        sqlite = isinstance(tx.executor.connection, sqlite3.Connection)
        [setting] = execute("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit").fetchone()
        return setting in {2, "on"}  # SQLite: 1 is NORMAL, 2 is FULL

    first, *_ = await asyncio.gather(
        database.write(synchronous, lasting=False),
        *(database.write(consume(str(number)), lasting=lasting) for number, lasting in enumerate(others)),
    )
    assert first is waits
    assert await database.write(synchronous) is True
    assert await database.write(consume("unlasting"), lasting=False) is True
    assert await database.write(consume("unlasting")) is False


async def test_a_cancelled_caller_does_not_stop_the_others(database: Database) -> None:
    """A client that hangs up would leave its neighbours waiting for ever."""
    gone = asyncio.ensure_future(database.write(lambda tx: tx.once.consume("test", "gone", NOW)))
    other = asyncio.ensure_future(database.write(lambda tx: tx.once.consume("test", "other", NOW)))
    await asyncio.sleep(0)
    gone.cancel()
    assert await other
    assert await database.write(lambda tx: tx.once.consume("test", "after", NOW))


async def test_a_long_group_runs_beside_the_loop(tmp_path: Path) -> None:
    """A slow disk, or a lock that another process holds, would stop every other request of the process."""
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    store = open_store(url)
    assert await store.write(consume("before")) is True
    holder = sqlite3.connect(tmp_path / "trivium.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(store.write(consume("behind the lock")))
    turns = 0
    while turns < 100:  # the loop turns, and reads go on, while the write waits in the thread
        await asyncio.sleep(0)
        assert await store.read(lambda tx: tx.clients.all()) == []
        turns += 1
    assert not waiting.done()
    holder.execute("ROLLBACK")
    holder.close()
    assert await waiting is True
    store.close()


async def test_a_read_cannot_write(database: Database) -> None:
    """A GET would write, outside the writer's order."""
    with pytest.raises(TriviumError):
        await database.read(lambda tx: tx.once.consume("test", "read", NOW))
    assert await database.write(lambda tx: tx.once.consume("test", "read", NOW)) is True
    assert await database.read(lambda tx: tx.clients.all()) == []


async def test_a_closed_store_says_so_and_loses_nothing(url: str) -> None:
    """Writes that wait when the service stops would be lost, or their callers never answered."""
    store = open_store(url)
    waiting = [asyncio.create_task(store.write(consume(str(number)))) for number in range(9)]
    await asyncio.sleep(0)
    store.close()
    assert await asyncio.gather(*waiting) == [True] * 9
    with pytest.raises(TriviumError) as error:
        await store.write(lambda tx: tx.clients.all())
    assert error.value.kind is ErrorKind.UNAVAILABLE


def unavailable(result: object) -> bool:
    """Whether the result is UNAVAILABLE with a time to try again."""
    assert isinstance(result, TriviumError)
    return result.kind is ErrorKind.UNAVAILABLE and bool(result.problem.retry_after)


async def test_a_locked_database_is_unavailable_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that holds the lock would hang every client, or break the worker for good."""
    monkeypatch.setattr("store.engine._PATIENT", "PRAGMA busy_timeout = 50")
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    store = open_store(url)
    holder = sqlite3.connect(tmp_path / "trivium.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(*[store.write(consume(str(n))) for n in range(200)], return_exceptions=True)
    assert all(unavailable(result) for result in results)
    holder.execute("ROLLBACK")
    holder.close()
    assert await store.write(lambda tx: tx.once.consume("test", "0", NOW)) is True
    store.close()


async def test_a_full_disk_is_unavailable_until_there_is_room(tmp_path: Path) -> None:
    """A full disk would lose acknowledged writes, or stop the worker until it is restarted (rule 89)."""
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    store = open_store(url)
    assert await store.write(consume("before")) is True
    assert await store.read(lambda tx: tx.clients.all()) == []
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = (tmp_path / "trivium.db-wal").stat().st_size  # no file of this process grows beyond it: a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, unlimited[1]))
    try:
        waiting = [store.write(consume(value)) for value in ("alone", "with", "behind")]
        results = [(await asyncio.gather(write, return_exceptions=True))[0] for write in waiting]
        assert await store.read(lambda tx: tx.clients.all()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert all(unavailable(result) for result in results)
    after = await grouped(store, consume("alone"), consume("with"), consume("behind"), consume("before"))
    assert after == [True, True, True, False]
    store.close()


async def test_a_server_that_stops_is_unavailable_until_it_is_back(cluster: Cluster) -> None:
    """A restart of PostgreSQL would need a restart of every worker."""
    url = cluster.new_database()
    upgrade(url)
    store = open_store(url)
    assert await store.write(lambda tx: tx.once.consume("test", "before", NOW)) is True
    assert await store.read(lambda tx: tx.clients.all()) == []
    cluster.stop()
    try:
        failed = await asyncio.gather(
            *[store.write(consume(str(n))) for n in range(3)],
            store.read(lambda tx: tx.clients.all()),
            return_exceptions=True,
        )
    finally:
        cluster.start()
    assert all(unavailable(result) for result in failed)
    assert await grouped(store, consume("before"), consume("0")) == [False, True]
    assert await store.read(lambda tx: tx.clients.all()) == []
    store.close()


async def test_writes_that_lock_each_other_out_are_run_again_alone(cluster: Cluster) -> None:
    """Two workers whose groups take the same rows in another order would both fail their callers."""
    url = cluster.new_database()
    upgrade(url)
    stores = [open_store(url), open_store(url)]
    both_hold = threading.Barrier(2)
    met: set[str] = set()

    def take(value: str, meet: str = "") -> Callable[[Transaction], bool]:
        def write(tx: Transaction) -> bool:
            taken = consume(value)(tx)
            if meet and meet not in met:
                met.add(meet)
                both_hold.wait(timeout=10)
            return taken

        return write

    results = await asyncio.gather(
        grouped(stores[0], take("a", "first"), take("b")), grouped(stores[1], take("b", "second"), take("a"))
    )
    for store in stores:
        store.close()
    assert sorted(results) == [[False, False], [True, True]]
