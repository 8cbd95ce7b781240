"""ACME accounts and external account keys in a store."""

from dataclasses import dataclass
from typing import Protocol

from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.external_accounts import ExternalAccountKey


@dataclass(frozen=True, kw_only=True)
class AccountSearch:
    """What operators search ACME accounts by; None means any. ``contact`` is part of a contact, in any case."""

    client_ids: frozenset[str] | None
    status: AccountStatus | None = None
    contact: str | None = None
    thumbprint: str | None = None
    external_account_key_id: str | None = None
    before: str | None = None
    limit: int = 50


class Accounts(Protocol):
    """ACME accounts."""

    def add(self, account: Account) -> None:
        """Store a new account; raises CONFLICT when the thumbprint is known."""
        ...

    def get(self, account_id: str) -> Account | None: ...
    def by_thumbprint(self, thumbprint: str) -> Account | None: ...
    def save(self, account: Account) -> Account:
        """Replace the row whose revision is ``account.revision``; return it with the next one; raises CONFLICT."""
        ...

    def search(self, query: AccountSearch) -> list[Account]:
        """Newest first; ``query.before`` is the id the page continues behind."""
        ...


class ExternalAccountKeys(Protocol):
    """External account keys; the sealed HMAC keys beside them are read by nothing but a verification."""

    def add(self, key: ExternalAccountKey, sealed: bytes) -> None: ...
    def get(self, key_id: str) -> ExternalAccountKey | None: ...
    def sealed(self, key_id: str) -> bytes | None: ...
    def save(self, key: ExternalAccountKey) -> ExternalAccountKey:
        """Save use and revocation by the revision: of any number of uses of a one-time key, one comes through."""
        ...

    def search(self, client_ids: frozenset[str] | None, *, before: str | None, limit: int) -> list[ExternalAccountKey]:
        """The keys of these Clients (None: of all), newest first, from the one behind the id ``before``."""
        ...
