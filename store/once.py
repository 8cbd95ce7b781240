"""What may be used once: one guard, one table."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select, tuple_

from store.statements import Executor, Statement
from store.tables import used_once

_CONSUME = Statement.upsert(used_once, lambda insert: insert.on_conflict_do_nothing())
_USED = Statement(
    select(used_once.c.kind).where(used_once.c.kind == bindparam("kind"), used_once.c.value == bindparam("value"))
)
_expired = (
    select(used_once.c.kind, used_once.c.value)
    .where(used_once.c.expires_at <= bindparam("now"))
    .order_by(used_once.c.expires_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(used_once).where(tuple_(used_once.c.kind, used_once.c.value).in_(_expired)))


class OnceTable:
    """Implements :class:`ca_core.model.store.Once`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def consume(self, kind: str, value: str, expires_at: datetime) -> bool:
        """Use the value up: True the first time, False ever after (rule 38)."""
        return self._run.change(_CONSUME, {"kind": kind, "value": value, "expires_at": expires_at}) == 1

    def used(self, kind: str, value: str) -> bool:
        """Return whether the value is used up."""
        return self._run.one(_USED, {"kind": kind, "value": value}) is not None

    def purge(self, now: datetime, limit: int) -> int:
        """Forget values that have expired, and so are refused by their age; return how many."""
        return self._run.change(_PURGE, {"now": now, "limit": limit})
