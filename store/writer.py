"""The writer: runs waiting writes in groups and commits once a group.

A group runs as it is; when one of its writes fails, it is rolled back and runs again with a SAVEPOINT each. Measured,
savepoints cost 7 % of a certificate, and failures are rare.

What a turn of the event loop asks to write is one group. On SQLite the group runs where it was asked for, like a
read: measured, a hand-over to a thread and the struggle for the interpreter cost more than the commit. Only where the
commit would block the loop - another process holds the lock, the disk is slow, the database is a server - does the
group go to the writer's own thread, and what is asked meanwhile becomes the next group.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from store.connection import Connection
from store.statements import Executor, unavailable
from store.transaction import StoreTransaction

T = TypeVar("T")

_GROUP = 64
_SLOW_SECONDS = 0.010
"""A commit that takes longer on average runs in the thread: nothing on the loop may wait so long for a disk."""
_WEIGHT = 0.1
"""How much the last commit counts in the average."""


class _Write(Generic[T]):
    """A waiting write and, once its group is committed, what came of it."""

    __slots__ = ("done", "error", "function", "lasting", "result")

    def __init__(self, function: Callable[[Transaction], T], loop: asyncio.AbstractEventLoop, *, lasting: bool) -> None:
        self.function = function
        self.lasting = lasting
        self.done: asyncio.Future[None] = loop.create_future()
        self.result: T | None = None
        self.error: BaseException | None = None


class Writer:
    """Owns the one connection of this process that writes; serves one event loop at a time.

    ``begin(executor, patient, lasting)`` begins a transaction; impatient, it returns False rather than wait for other
    processes long. ``inline`` is whether a group may run on the loop at all. A store that fails (locked too long, full,
    gone) fails every waiting write with UNAVAILABLE; the connection is given up, and the next group opens another.
    """

    def __init__(
        self, connect: Callable[[], Executor], begin: Callable[[Executor, bool, bool], bool], *, inline: bool
    ) -> None:
        self._connection = Connection(connect)
        self._begin = begin
        self._inline = inline
        self._waiting: list[_Write[Any]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seconds = 0.0
        self._in_thread = False
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")

    async def write(self, function: Callable[[Transaction], T], *, lasting: bool) -> T:
        """Run ``function`` in the next group; return its result after the commit."""
        if self._closed:
            raise TriviumError(ErrorKind.UNAVAILABLE, "The service is stopping; try again.", retry_after=5)
        loop = asyncio.get_running_loop()
        write = _Write(function, loop, lasting=lasting)
        self._waiting.append(write)
        if self._loop is not loop:  # nothing is under way on this loop
            self._loop = loop
            loop.call_soon(self._flush, loop)
        await write.done
        if write.error is not None:
            raise write.error
        return write.result  # type: ignore[return-value] # set whenever error is not

    @property
    def idle(self) -> bool:
        """Whether its connection is open to be read on: no group is in the thread; on the loop none is half done."""
        return self._inline and not self._in_thread and self._connection.is_open

    def read(self, function: Callable[[Transaction], T]) -> T:
        """Run ``function`` on a consistent view, on the connection that writes.

        Its page cache has what was written last; another connection would read that back from the log: measured, a
        sixth of what SQLite takes. Raises INTERNAL when ``function`` writes, which is undone.
        """
        connection = self._connection.transaction.executor.connection
        changes = connection.total_changes
        result = self._connection.read(function)
        if connection.total_changes != changes:
            raise TriviumError(ErrorKind.INTERNAL, "A read tried to write, which was undone: it must be a write.")
        return result

    def close(self) -> None:
        """Commit what is waiting, then end the thread and the connection."""
        self._closed = True
        self._thread.shutdown()
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._serve(waiting, patient=True)
            _answer(waiting)
        self._connection.close()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
        if not group:  # closed meanwhile
            return
        if self._inline and self._seconds < _SLOW_SECONDS and self._serve(group, patient=False):
            self._next(loop, group)
            return
        self._in_thread = True
        serving = loop.run_in_executor(self._thread, partial(self._serve, group, patient=True))
        serving.add_done_callback(lambda _: self._back_from_thread(loop, group))

    def _back_from_thread(self, loop: asyncio.AbstractEventLoop, group: list[_Write[Any]]) -> None:
        self._in_thread = False
        self._next(loop, group)

    def _next(self, loop: asyncio.AbstractEventLoop, group: list[_Write[Any]]) -> None:
        _answer(group)
        if self._waiting:
            loop.call_soon(self._flush, loop)
        else:
            self._loop = None

    def _serve(self, group: list[_Write[Any]], *, patient: bool) -> bool:
        """Commit the group or say in each write why not; False when that was not even begun."""
        started = time.perf_counter()
        try:
            if not self._commit(group, patient=patient):
                return False
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller must hear of it and the writer live on
            deadlock = self._connection.deadlock
            self._connection.give_up()
            if deadlock and len(group) > 1:
                for write in group:  # functions of several callers took locks in one transaction: alone they cannot
                    self._serve([write], patient=True)
                return True
            failure = error if isinstance(error, TriviumError) else unavailable(error)
            for write in group:
                write.error = TriviumError.of(failure.problem)
        self._seconds += (time.perf_counter() - started - self._seconds) * _WEIGHT
        return True

    def _commit(self, group: list[_Write[Any]], *, patient: bool) -> bool:
        """Commit the group as if nothing in it could fail; False when that was not even begun."""
        transaction = self._connection.transaction
        executor = transaction.executor
        if not self._begin(executor, patient, any(write.lasting for write in group)):
            return False
        for write in group:
            _apply(write, transaction)
            if write.error is not None:
                executor.command("ROLLBACK")
                return len(group) == 1 or self._commit_apart(group, patient=patient)
        executor.commit()
        return True

    def _commit_apart(self, group: list[_Write[Any]], *, patient: bool) -> bool:
        """Run the group again, a SAVEPOINT each, and commit what does not fail; False when that was not even begun."""
        transaction = self._connection.transaction
        executor = transaction.executor
        if not self._begin(executor, patient, any(write.lasting for write in group)):
            return False
        for write in group:
            executor.command("SAVEPOINT one")
            _apply(write, transaction)
            if write.error is not None:
                executor.command("ROLLBACK TO SAVEPOINT one")
            executor.command("RELEASE SAVEPOINT one")
        executor.commit()
        return True


def _answer(group: list[_Write[Any]]) -> None:
    for write in group:
        if not write.done.done():  # a caller may have been cancelled meanwhile
            write.done.set_result(None)


def _apply(write: _Write[Any], transaction: StoreTransaction) -> None:
    write.result = write.error = None
    try:
        write.result = write.function(transaction)
    except BaseException as error:  # noqa: BLE001 - it belongs to the caller, not to this thread
        write.error = error
    if transaction.executor.failure is not None:
        raise transaction.executor.failure
