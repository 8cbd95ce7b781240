"""Passkeys of users in the store."""

from sqlalchemy import bindparam, delete, insert, select

from ca_core.model.sessions import Passkey
from ca_core.model.values import of_members, replace
from store.revisions import conflict, save_statement
from store.statements import Executor, Statement
from store.tables import passkeys

_ADD = Statement(insert(passkeys))
_SAVE = save_statement(passkeys, ("name", "sign_count", "used_at"))
_GET = Statement(select(passkeys).where(passkeys.c.id == bindparam("id")))
_BY_CREDENTIAL = Statement(select(passkeys).where(passkeys.c.credential_id == bindparam("credential_id")))
_OF_USER = Statement(select(passkeys).where(passkeys.c.user_id == bindparam("user_id")).order_by(passkeys.c.id))
_DELETE = Statement(delete(passkeys).where(passkeys.c.id == bindparam("id")))


class PasskeyTable:
    """Implements :class:`ca_core.model.repositories.sessions.Passkeys`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, passkey: Passkey) -> None:
        """Store a new passkey; raises CONFLICT when the credential is registered already."""
        self._run.change(_ADD, vars(passkey))

    def save(self, passkey: Passkey) -> Passkey:
        """Replace the row of this revision; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(passkey)):
            raise conflict(f"passkey {passkey.id}")
        return replace(passkey, revision=passkey.revision + 1)

    def get(self, passkey_id: str) -> Passkey | None:
        """Return the passkey of this id."""
        row = self._run.one(_GET, {"id": passkey_id})
        return None if row is None else of_members(Passkey, row)

    def by_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey of this credential id."""
        row = self._run.one(_BY_CREDENTIAL, {"credential_id": credential_id})
        return None if row is None else of_members(Passkey, row)

    def of_user(self, user_id: str) -> list[Passkey]:
        """Return the passkeys of a user, oldest first."""
        return [of_members(Passkey, row) for row in self._run.all(_OF_USER, {"user_id": user_id})]

    def delete(self, passkey_id: str) -> bool:
        """Delete a passkey; False when there is none."""
        return self._run.change(_DELETE, {"id": passkey_id}) == 1
