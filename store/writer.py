"""The writer: one thread that runs waiting writes in groups, a SAVEPOINT each, and commits once a group."""

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from store.statements import Executor, unavailable
from store.transaction import StoreTransaction

T = TypeVar("T")

_GROUP = 64
_EVERY = 100_000


class _Write(Generic[T]):
    """A waiting write and, once its group is committed, what came of it."""

    __slots__ = ("done", "error", "function", "loop", "result")

    def __init__(self, function: Callable[[Transaction], T], loop: asyncio.AbstractEventLoop) -> None:
        self.function = function
        self.loop = loop
        self.done: asyncio.Future[None] = loop.create_future()
        self.result: T | None = None
        self.error: BaseException | None = None


class Writer:
    """Owns the one connection of this process that writes.

    A store that fails (locked too long, full, gone) fails every waiting write with UNAVAILABLE; the connection is
    given up, and the next group opens another.
    """

    def __init__(self, connect: Callable[[], Executor], begin: str) -> None:
        self._connect = connect
        self._begin = begin
        self._transaction: StoreTransaction | None = None
        self._queue: SimpleQueue[_Write[Any] | None] = SimpleQueue()
        self._closed = False
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, function: Callable[[Transaction], T]) -> T:
        """Run ``function`` in the next group; return its result after the commit."""
        if self._closed:
            raise TriviumError(ErrorKind.UNAVAILABLE, "the store is closed: the service is stopping", retry_after=5)
        write = _Write(function, asyncio.get_running_loop())
        self._queue.put(write)
        await write.done
        if write.error is not None:
            raise write.error
        return write.result  # type: ignore[return-value] # set whenever error is not

    def close(self) -> None:
        """Commit what is waiting, then end the thread and the connection."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while not self._ended:
            first = self._queue.get()
            group = self._waiting([] if first is None else [first], _GROUP)
            self._ended = self._ended or first is None
            if group:
                self._serve(group)
                _answer(group)
        self._disconnect()

    def _waiting(self, group: list[_Write[Any]], limit: int) -> list[_Write[Any]]:
        """Fill ``group`` up to ``limit`` with what waits, without waiting for more."""
        while len(group) < limit and not self._ended:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                self._ended = True
            else:
                group.append(waiting)
        return group

    def _serve(self, group: list[_Write[Any]]) -> None:
        try:
            transaction = self._begun()
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller must hear of it and the thread live on
            # Whoever has waited as long would only wait as long again.
            self._fail(self._waiting(group, _EVERY), error)
            return
        try:
            _commit(group, transaction)
        except Exception as error:  # noqa: BLE001 - the same
            if transaction.executor.deadlock and len(group) > 1:
                self._disconnect()
                for write in group:  # functions of several callers took locks in one transaction: alone they cannot
                    self._serve([write])
            else:
                self._fail(group, error)

    def _begun(self) -> StoreTransaction:
        if self._transaction is None:
            self._transaction = StoreTransaction(self._connect())
        self._transaction.executor.command(self._begin)
        return self._transaction

    def _fail(self, group: list[_Write[Any]], error: Exception) -> None:
        self._disconnect()
        failure = error if isinstance(error, TriviumError) else unavailable(error)
        for write in group:
            write.error = TriviumError.of(failure.problem)

    def _disconnect(self) -> None:
        if self._transaction is not None:
            self._transaction.executor.close()
            self._transaction = None


def _commit(group: list[_Write[Any]], transaction: StoreTransaction) -> None:
    """Run the group in the transaction that has begun, a SAVEPOINT each unless there is one alone, and commit."""
    executor = transaction.executor
    if len(group) == 1:
        _apply(group[0], transaction)
        executor.command("COMMIT" if group[0].error is None else "ROLLBACK")
        return
    for write in group:
        executor.command("SAVEPOINT one")
        _apply(write, transaction)
        if write.error is not None:
            executor.command("ROLLBACK TO SAVEPOINT one")
        executor.command("RELEASE SAVEPOINT one")
    executor.command("COMMIT")


def _apply(write: _Write[Any], transaction: StoreTransaction) -> None:
    write.result = write.error = None
    try:
        write.result = write.function(transaction)
    except BaseException as error:  # noqa: BLE001 - it belongs to the caller, not to this thread
        write.error = error
    if transaction.executor.failure is not None:
        raise transaction.executor.failure


def _answer(group: list[_Write[Any]]) -> None:
    """Wake the callers: one call a loop, since each wakes the loop by a system call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Write[Any]]] = {}
    for write in group:
        by_loop.setdefault(write.loop, []).append(write)
    for loop, writes in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, writes)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve(writes: list[_Write[Any]]) -> None:
    for write in writes:
        if not write.done.done():  # a caller may have been cancelled meanwhile
            write.done.set_result(None)
