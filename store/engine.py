"""The database engine and its connections: SQLite by default, PostgreSQL 15 or newer by URL."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from ca_core.model.errors import ErrorKind, TriviumError
from store.statements import Executor, unavailable

_LOCK_WAIT = 5
"""Seconds a writer waits for another process before the callers hear UNAVAILABLE."""

_INLINE_WAIT_MS = 10
"""Milliseconds a writer on the event loop waits for another process before it goes to its thread."""
_PATIENT = f"PRAGMA busy_timeout = {_LOCK_WAIT * 1000}"
_IMPATIENT = f"PRAGMA busy_timeout = {_INLINE_WAIT_MS}"

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what is acknowledged survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -32768",  # 32 MiB a connection: the upper levels of every index of a large installation
    "PRAGMA wal_autocheckpoint = 4000",  # 16 MiB: a page that changes with every order is copied back less often
)
_POSTGRESQL_SETTINGS = (f"SET lock_timeout = '{_LOCK_WAIT}s'", "SET synchronous_commit = on")
_POSTGRESQL_READ_ONLY = (
    "SET default_transaction_read_only = on",
    "SET default_transaction_isolation = 'repeatable read'",
)


def make_engine(url: str, *, lock_wait: int = _LOCK_WAIT) -> Engine:
    """Return the engine of ``sqlite:////absolute/path`` or ``postgresql+psycopg://...``; raises MALFORMED.

    ``lock_wait`` is how many seconds a transaction of SQLAlchemy's own waits for another process on SQLite.
    """
    try:
        kind = make_url(url).drivername
    except SQLAlchemyError as error:
        raise TriviumError(ErrorKind.MALFORMED, f"In database.url is no database URL: {error}.") from error
    if kind == "postgresql+psycopg":
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": _LOCK_WAIT})
    if kind != "sqlite":
        raise TriviumError(
            ErrorKind.MALFORMED, f"In database.url is one of kind {kind}; use sqlite:////path or postgresql+psycopg."
        )
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False, "cached_statements": 256})
    event.listen(engine, "connect", partial(_configure_sqlite, lock_wait))
    event.listen(engine, "begin", _begin_immediate)
    return engine


def connect(engine: Engine, *, read_only: bool) -> Executor:
    """Open a connection of its own, outside any transaction; raises UNAVAILABLE."""
    try:
        pooled = engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:  # raw_connection passes the driver's own on
        raise unavailable(error) from error
    executor = Executor(connection, engine.dialect)
    if engine.dialect.name == "sqlite":
        executor.command("PRAGMA query_only = ON" if read_only else _IMPATIENT)
    else:
        connection.rollback()
        connection.autocommit = True  # transactions are begun and ended in words, as on SQLite
        for setting in _POSTGRESQL_SETTINGS + (_POSTGRESQL_READ_ONLY if read_only else ()):
            executor.command(setting)
    return executor


def begin_sqlite(executor: Executor, patient: bool, lasting: bool) -> bool:
    """Begin a writing transaction; False when another process holds the lock and this must not wait for it long.

    One that need not be ``lasting`` leaves the fdatasync of the log to a later one.
    """
    if executor.lasting is not lasting:
        executor.command("PRAGMA synchronous = FULL" if lasting else "PRAGMA synchronous = NORMAL")
        executor.lasting = lasting
    if not patient:
        return executor.attempt("BEGIN IMMEDIATE")
    executor.command(_PATIENT)
    executor.command("BEGIN IMMEDIATE")
    executor.command(_IMPATIENT)
    return True


def begin_postgresql(executor: Executor, _patient: bool, lasting: bool) -> bool:
    """Begin a writing transaction: it runs in a thread and may always wait."""
    executor.command("BEGIN")
    if not lasting:
        executor.command("SET LOCAL synchronous_commit = off")
    return True


def _configure_sqlite(lock_wait: int, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    for pragma in (f"PRAGMA busy_timeout = {lock_wait * 1000}", *_SQLITE_PRAGMAS):  # a change to WAL waits, too
        connection.execute(pragma).fetchall()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
