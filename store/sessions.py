"""Sessions of the admin page in the store."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from ca_core.model.sessions import StoredSession
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import sessions

_ADD = Statement(insert(sessions))
_BY_COOKIE = Statement(select(sessions).where(sessions.c.cookie_sha256 == bindparam("cookie_sha256")))
_SEE = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.seen_at < bindparam("now"))
    .values(seen_at=bindparam("now"))
)
_END = Statement(delete(sessions).where(sessions.c.id == bindparam("id")))
_END_ALL = Statement(
    delete(sessions).where(sessions.c.user_id == bindparam("user_id"), sessions.c.id != bindparam("but"))
)
_unused = (
    select(sessions.c.id)
    .where(sessions.c.seen_at <= bindparam("seen_before"))
    .order_by(sessions.c.seen_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(sessions).where(sessions.c.id.in_(_unused)))


class SessionTable:
    """Implements :class:`ca_core.model.repositories.sessions.Sessions`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, session: StoredSession) -> None:
        """Store a new session."""
        self._run.change(_ADD, vars(session))

    def by_cookie(self, cookie_sha256: bytes) -> StoredSession | None:
        """Return the session whose cookie has this SHA-256."""
        row = self._run.one(_BY_COOKIE, {"cookie_sha256": cookie_sha256})
        return None if row is None else of_members(StoredSession, row)

    def see(self, session_id: str, now: datetime) -> None:
        """Note that a session was used; one that is gone stays so."""
        self._run.change(_SEE, {"session_id": session_id, "now": now})

    def end(self, session_id: str) -> bool:
        """End a session; False when it had ended."""
        return self._run.change(_END, {"id": session_id}) == 1

    def end_all(self, user_id: str, *, but: str | None = None) -> int:
        """End the sessions of a user, save the one of this id; return how many."""
        return self._run.change(_END_ALL, {"user_id": user_id, "but": but or ""})

    def purge(self, seen_before: datetime, limit: int) -> int:
        """Forget sessions that were not used since; return how many."""
        return self._run.change(_PURGE, {"seen_before": seen_before, "limit": limit})
