"""The reader: runs a function on a consistent view, on a connection that cannot write."""

import threading
from collections.abc import Callable
from typing import TypeVar

from ca_core.model.store import Transaction
from store.statements import Executor
from store.transaction import StoreTransaction

T = TypeVar("T")


class Reader:
    """Owns one read-only connection; opens another when it fails. One reading at a time."""

    def __init__(self, connect: Callable[[], Executor]) -> None:
        self._connect = connect
        self._transaction: StoreTransaction | None = None
        self._lock = threading.Lock()

    def read(self, function: Callable[[Transaction], T]) -> T:
        """Run ``function`` in a transaction of its own."""
        with self._lock:
            if self._transaction is None:
                self._transaction = StoreTransaction(self._connect())
            executor = self._transaction.executor
            try:
                executor.command("BEGIN")
                try:
                    return function(self._transaction)
                finally:
                    executor.command("ROLLBACK")
            finally:
                if executor.failure is not None:
                    self._disconnect()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._transaction is not None:
            self._transaction.executor.close()
            self._transaction = None
