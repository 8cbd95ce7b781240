"""A connection that is opened when it is needed and given up when it fails; one transaction at a time."""

import threading
from collections.abc import Callable
from typing import TypeVar

from ca_core.model.store import Transaction
from store.statements import Executor
from store.transaction import StoreTransaction

T = TypeVar("T")


class Connection:
    """Owns one connection of the database; ``connect`` opens another after a failure."""

    def __init__(self, connect: Callable[[], Executor]) -> None:
        self._connect = connect
        self._transaction: StoreTransaction | None = None
        self._lock = threading.Lock()

    @property
    def transaction(self) -> StoreTransaction:
        """The repositories on this connection, for whoever begins and ends a transaction; raises UNAVAILABLE."""
        if self._transaction is None:
            self._transaction = StoreTransaction(self._connect())
        return self._transaction

    @property
    def is_open(self) -> bool:
        """Whether the connection is there; not before its first use, nor after a failure."""
        return self._transaction is not None

    @property
    def deadlock(self) -> bool:
        """Whether the last failure was a deadlock with other transactions."""
        return self._transaction is not None and self._transaction.executor.deadlock

    def read(self, function: Callable[[Transaction], T]) -> T:
        """Run ``function`` on a consistent view, in a transaction of its own."""
        with self._lock:
            transaction = self.transaction
            executor = transaction.executor
            try:
                executor.command("BEGIN")
                try:
                    return function(transaction)
                finally:
                    executor.command("ROLLBACK")
            finally:
                if executor.failure is not None:
                    self.give_up()

    def give_up(self) -> None:
        """Close the connection after a failure; the next use opens another."""
        if self._transaction is not None:
            self._transaction.executor.close()
            self._transaction = None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self.give_up()
