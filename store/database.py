"""The store of an installation: one writer, and readers on their own connections."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from ca_core.model.store import Store, Transaction
from store.connection import Connection
from store.engine import begin_postgresql, begin_sqlite, connect, make_engine
from store.writer import Writer

T = TypeVar("T")

_POSTGRESQL_READERS = 4


def open_store(url: str) -> "Database":
    """Open the store of ``sqlite:////path/trivium.db`` or ``postgresql+psycopg://...``, migrated already.

    Each process opens its own, after it was forked. Raises MALFORMED for another kind of URL.
    """
    return Database(make_engine(url))


class Database:
    """Implements :class:`ca_core.model.store.Store`.

    On SQLite a read runs where it is asked for: it takes less time than handing it to a thread. It uses the writer's
    connection while that is idle, and its own while a slow commit has it or a failure has ended it: that one is open
    from the first read on, so that reads go on when the disk is full. On PostgreSQL, where a read waits for the
    network, it runs in a small pool of threads with a connection each.
    """

    def __init__(self, engine: Engine) -> None:
        self._connect_reader = partial(connect, engine, read_only=True)
        sqlite = engine.dialect.name == "sqlite"
        self._writer = Writer(
            partial(connect, engine, read_only=False), begin_sqlite if sqlite else begin_postgresql, inline=sqlite
        )
        self._inline = Connection(self._connect_reader) if sqlite else None
        self._pool = None if sqlite else ThreadPoolExecutor(_POSTGRESQL_READERS, thread_name_prefix="store-reader")
        self._of_thread = threading.local()
        self._readers: list[Connection] = []

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Run ``fn`` on a consistent view; it must not write. Raises UNAVAILABLE when the store fails."""
        if self._inline is not None:
            if self._inline.is_open and self._writer.idle:
                return self._writer.read(fn)
            return self._inline.read(fn)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read_in_thread, fn)

    async def write(self, fn: Callable[[Transaction], T], *, lasting: bool = True) -> T:
        """Run ``fn`` in a group commit and return its result after the commit; raises UNAVAILABLE.

        A group of writes that are not ``lasting`` is committed without waiting for the disk.
        """
        return await self._writer.write(fn, lasting=lasting)

    def close(self) -> None:
        """Commit what is waiting and close every connection."""
        self._writer.close()
        if self._inline is not None:
            self._inline.close()
        if self._pool is not None:
            self._pool.shutdown()
        for reader in self._readers:
            reader.close()

    def _read_in_thread(self, fn: Callable[[Transaction], T]) -> T:
        reader = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = Connection(self._connect_reader)
            self._readers.append(reader)
        return reader.read(fn)


def _is_a_store(database: Database) -> Store:
    """The type checker's proof that Database keeps the contract."""
    return database
