"""Public keys that may never be used again (rules 25, 26)."""

from datetime import datetime

from sqlalchemy import BigInteger, bindparam, func, literal, select

from store.statements import Executor, Statement
from store.tables import blocked_keys

_ADD = Statement.upsert(blocked_keys, lambda insert: insert.on_conflict_do_nothing())
_REASON = Statement(select(blocked_keys.c.reason).where(blocked_keys.c.spki_sha256 == bindparam("spki_sha256")))
# SQLite has one writer at a time, and needs no lock.
_HOLD = Statement(
    select(literal(1).label("held")),
    postgresql=select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger, required=True)).label("held")),
)


class BlockedKeyTable:
    """Implements :class:`ca_core.model.store.BlockedKeys`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def hold(self, spki_sha256: bytes) -> None:
        """Wait until no other write holds the key, and let none until the end of this one."""
        self._run.one(_HOLD, {"key": int.from_bytes(spki_sha256[:8], signed=True)})

    def add(self, spki_sha256: bytes, reason: str, at: datetime) -> None:
        """Block the key; one that is blocked already keeps its first reason."""
        self._run.change(_ADD, {"spki_sha256": spki_sha256, "reason": reason, "at": at})

    def reason(self, spki_sha256: bytes) -> str | None:
        """Return why the key is blocked; None when it is not."""
        row = self._run.one(_REASON, {"spki_sha256": spki_sha256})
        return None if row is None else str(row["reason"])
