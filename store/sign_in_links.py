"""Links by which users sign in once, in the store."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from ca_core.model.sessions import SignInLink
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import sign_in_links

_PUT = Statement.upsert(
    sign_in_links,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["user_id"],
        set_={name: insert.excluded[name] for name in ("token_sha256", "created_by", "expires_at")},
    ),
)
_TAKE = Statement(
    delete(sign_in_links)
    .where(
        sign_in_links.c.token_sha256 == bindparam("token_sha256"),
        sign_in_links.c.expires_at > bindparam("now"),
    )
    .returning(*sign_in_links.c)
)
_expired = (
    select(sign_in_links.c.user_id)
    .where(sign_in_links.c.expires_at <= bindparam("now"))
    .order_by(sign_in_links.c.expires_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(sign_in_links).where(sign_in_links.c.user_id.in_(_expired)))


class SignInLinkTable:
    """Implements :class:`ca_core.model.repositories.sessions.SignInLinks`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def put(self, link: SignInLink) -> None:
        """Store a link in the place of an older one of its user."""
        self._run.change(_PUT, vars(link))

    def take(self, token_sha256: bytes, now: datetime) -> SignInLink | None:
        """Return a link that has not expired and forget it: of any number of attempts, one meets it."""
        row = self._run.one(_TAKE, {"token_sha256": token_sha256, "now": now})
        return None if row is None else of_members(SignInLink, row)

    def purge(self, now: datetime, limit: int) -> int:
        """Forget links that have expired; return how many."""
        return self._run.change(_PURGE, {"now": now, "limit": limit})
