"""Exchanges with browsers that have begun, in the store."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from ca_core.model.sessions import Ceremony
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import ceremonies

_ADD = Statement(insert(ceremonies))
_TAKE = Statement(
    delete(ceremonies)
    .where(ceremonies.c.handle_sha256 == bindparam("handle_sha256"), ceremonies.c.expires_at > bindparam("now"))
    .returning(*ceremonies.c)
)
_expired = (
    select(ceremonies.c.handle_sha256)
    .where(ceremonies.c.expires_at <= bindparam("now"))
    .order_by(ceremonies.c.expires_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(ceremonies).where(ceremonies.c.handle_sha256.in_(_expired)))


class CeremonyTable:
    """Implements :class:`ca_core.model.repositories.sessions.Ceremonies`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, ceremony: Ceremony) -> None:
        """Store what has begun."""
        self._run.change(_ADD, vars(ceremony))

    def take(self, handle_sha256: bytes, now: datetime) -> Ceremony | None:
        """Return a ceremony that has not expired and forget it: of any number of answers, one meets it."""
        row = self._run.one(_TAKE, {"handle_sha256": handle_sha256, "now": now})
        return None if row is None else of_members(Ceremony, row)

    def purge(self, now: datetime, limit: int) -> int:
        """Forget those that have expired; return how many."""
        return self._run.change(_PURGE, {"now": now, "limit": limit})
