"""External account keys in the store."""

from sqlalchemy import bindparam, insert, select

from ca_core.model.external_accounts import ExternalAccountKey
from ca_core.model.values import of_members, replace
from store.columns import among
from store.revisions import conflict, save_statement
from store.statements import Executor, Row, Statement
from store.tables import external_account_keys

_PUBLIC = [column for column in external_account_keys.c if column.name != "sealed"]
_ADD = Statement(insert(external_account_keys))
_GET = Statement(select(*_PUBLIC).where(external_account_keys.c.id == bindparam("id")))
_SEALED = Statement(select(external_account_keys.c.sealed).where(external_account_keys.c.id == bindparam("id")))
_SAVE = save_statement(external_account_keys, ("used_at", "revoked_at"))


class ExternalAccountKeyTable:
    """Implements :class:`ca_core.model.store.ExternalAccountKeys`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, key: ExternalAccountKey, sealed: bytes) -> None:
        """Store a new key with its sealed HMAC key."""
        self._run.change(_ADD, {**vars(key), "sealed": sealed})

    def get(self, key_id: str) -> ExternalAccountKey | None:
        """Return the key of this id, without its secret."""
        row = self._run.one(_GET, {"id": key_id})
        return None if row is None else _key(row)

    def sealed(self, key_id: str) -> bytes | None:
        """Return the sealed HMAC key."""
        row = self._run.one(_SEALED, {"id": key_id})
        return None if row is None else bytes(row["sealed"])

    def save(self, key: ExternalAccountKey) -> ExternalAccountKey:
        """Save use and revocation by the revision; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(key)):
            raise conflict(f"external account key {key.id}")
        return replace(key, revision=key.revision + 1)

    def search(self, client_ids: frozenset[str] | None, *, before: str | None, limit: int) -> list[ExternalAccountKey]:
        """Return the keys of these Clients (None: of all), newest first, from the one behind the id ``before``."""
        search = select(*_PUBLIC).order_by(external_account_keys.c.id.desc()).limit(limit)
        if client_ids is not None:
            search = search.where(among(external_account_keys.c.client_id, client_ids))
        if before is not None:
            search = search.where(external_account_keys.c.id < before)
        return [_key(row) for row in self._run.search(search)]


def _key(row: Row) -> ExternalAccountKey:
    return of_members(ExternalAccountKey, row)
