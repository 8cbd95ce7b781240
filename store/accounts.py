"""ACME accounts in the store."""

from typing import Any

from sqlalchemy import Text, bindparam, func, select, type_coerce

from ca_core.model.accounts import Account
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_accounts import ExternalAccountBinding
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.values import of_members, replace
from store.columns import among
from store.revisions import conflict, save_statement
from store.statements import Executor, Reader, Row, Statement
from store.tables import accounts

_ADD = Statement.upsert(accounts, lambda insert: insert.on_conflict_do_nothing())
_GET = Statement(select(accounts).where(accounts.c.id == bindparam("id")))
_BY_THUMBPRINT = Statement(select(accounts).where(accounts.c.thumbprint == bindparam("thumbprint")))
_SAVE = save_statement(accounts, ("product_id", "status", "jwk", "thumbprint", "contacts", "terms_agreed"))


class AccountTable:
    """Implements :class:`ca_core.model.store.Accounts`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, account: Account) -> None:
        """Store a new account; raises CONFLICT when the thumbprint is known."""
        if not self._run.change(_ADD, _values(account)):
            raise TriviumError(ErrorKind.CONFLICT, "An account with this key exists already; use it, or another key.")

    def get(self, account_id: str) -> Account | None:
        """Return the account of this id."""
        return self._run.value(_ACCOUNTS, _GET, {"id": account_id})

    def by_thumbprint(self, thumbprint: str) -> Account | None:
        """Return the account whose key has this thumbprint (RFC 7638, base64url)."""
        return self._run.value(_ACCOUNTS, _BY_THUMBPRINT, {"thumbprint": thumbprint})

    def save(self, account: Account) -> Account:
        """Replace the row of this revision; raises CONFLICT, also when the new key is another account's."""
        if not self._run.change(_SAVE, vars(account)):
            raise conflict(f"account {account.id}")
        return replace(account, revision=account.revision + 1)

    def search(self, query: AccountSearch) -> list[Account]:
        """Return the accounts that match, newest first; ``query.before`` is the id the page continues behind."""
        search = select(accounts).order_by(accounts.c.id.desc()).limit(query.limit)
        if query.client_ids is not None:
            search = search.where(among(accounts.c.client_id, query.client_ids))
        if query.status is not None:
            search = search.where(accounts.c.status == query.status)
        if query.contact is not None:
            contacts = func.lower(type_coerce(accounts.c.contacts, Text))
            search = search.where(contacts.contains(query.contact.lower(), autoescape=True))
        if query.thumbprint is not None:
            search = search.where(accounts.c.thumbprint == query.thumbprint)
        if query.external_account_key_id is not None:
            search = search.where(accounts.c.external_account_key_id == query.external_account_key_id)
        if query.before is not None:
            search = search.where(accounts.c.id < query.before)
        return [_account(row) for row in self._run.search(search)]


def _values(account: Account) -> dict[str, Any]:
    binding = account.binding
    return {
        **vars(account),
        "external_account_key_id": binding.key_id if binding else None,
        "external_account_binding": binding.jws if binding else None,
    }


def _account(row: Row) -> Account:
    key_id, jws = row.pop("external_account_key_id"), row.pop("external_account_binding")
    row["binding"] = None if key_id is None else ExternalAccountBinding(key_id=key_id, jws=jws)
    return of_members(Account, row)


_ACCOUNTS = Reader(_account)
