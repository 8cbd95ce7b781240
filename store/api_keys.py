"""API keys in the store."""

from datetime import datetime

from sqlalchemy import String, bindparam, delete, insert, literal_column, or_, select

from ca_core.model.users import NOBODY, ApiKey
from ca_core.model.values import of_members, replace
from store.revisions import conflict, save_statement
from store.statements import Executor, Statement
from store.tables import api_keys, users

_PUBLIC = [column for column in api_keys.c if column.name != "sealed"]
_ADD = Statement(insert(api_keys))
_SAVE = save_statement(api_keys, ("networks", "renewed_at", "expires_at", "exposed_at", "suspended"))
_GET = Statement(select(*_PUBLIC).where(api_keys.c.id == bindparam("id")))
_DELETE = Statement(delete(api_keys).where(api_keys.c.id == bindparam("id")))
_OF_USER = Statement(select(*_PUBLIC).where(api_keys.c.user_id == bindparam("user_id")).order_by(api_keys.c.id.desc()))
# Nobody's keys fill up: as many rows are read, and as much of them, for whoever is no user and for whoever is.
_named = select(users.c.id).where(users.c.name == bindparam("name")).scalar_subquery()
_SEALED_OF = Statement(
    select(api_keys.c.id, api_keys.c.sealed)
    .where(
        api_keys.c.user_id.in_([_named, literal_column(f"'{NOBODY}'", String)]),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
    )
    .order_by(api_keys.c.user_id == literal_column(f"'{NOBODY}'", String), api_keys.c.id.desc())
    .limit(bindparam("limit"))
)
_ended = select(api_keys.c.id).where(api_keys.c.expires_at <= bindparam("ended_before")).limit(bindparam("limit"))
_PURGE = Statement(delete(api_keys).where(api_keys.c.id.in_(_ended)))


class ApiKeyTable:
    """Implements :class:`ca_core.model.repositories.users.ApiKeys`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, key: ApiKey, sealed: bytes) -> None:
        """Store a new key with its sealed secret."""
        self._run.change(_ADD, {**vars(key), "sealed": sealed})

    def save(self, key: ApiKey) -> ApiKey:
        """Replace the row of this revision; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(key)):
            raise conflict(f"API key {key.id}")
        return replace(key, revision=key.revision + 1)

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key of this id, without its secret."""
        row = self._run.one(_GET, {"id": key_id})
        return None if row is None else of_members(ApiKey, row)

    def delete(self, key_id: str) -> bool:
        """Delete a key with its secret; False when there is none."""
        return self._run.change(_DELETE, {"id": key_id}) == 1

    def of_user(self, user_id: str) -> list[ApiKey]:
        """Return the keys of a user, newest first, ended ones too."""
        return [of_members(ApiKey, row) for row in self._run.all(_OF_USER, {"user_id": user_id})]

    def sealed_of(self, user_name: str, now: datetime, limit: int) -> list[tuple[str, bytes]]:
        """Return ids and sealed secrets of the keys that have not ended of the user of this name, then of nobody's."""
        rows = self._run.all(_SEALED_OF, {"name": user_name, "now": now, "limit": limit})
        return [(row["id"], bytes(row["sealed"])) for row in rows]

    def purge(self, ended_before: datetime, limit: int) -> int:
        """Forget keys that ended before; return how many."""
        return self._run.change(_PURGE, {"ended_before": ended_before, "limit": limit})
