"""Sessions, and how users come to have one, in a store."""

from datetime import datetime
from typing import Protocol

from ca_core.model.sessions import Ceremony, Passkey, SignInLink, StoredSession


class Sessions(Protocol):
    """Sessions of the admin page."""

    def add(self, session: StoredSession) -> None: ...
    def by_cookie(self, cookie_sha256: bytes) -> StoredSession | None: ...
    def see(self, session_id: str, now: datetime) -> None:
        """Note that a session was used; one that is gone stays so."""
        ...

    def end(self, session_id: str) -> bool: ...
    def end_all(self, user_id: str, *, but: str | None = None) -> int:
        """End the sessions of a user, save the one of this id."""
        ...

    def purge(self, seen_before: datetime, limit: int) -> int:
        """Forget sessions that were not used since."""
        ...


class SignInLinks(Protocol):
    """Links, at most one a user."""

    def put(self, link: SignInLink) -> None:
        """Store a link in the place of an older one of its user."""
        ...

    def take(self, token_sha256: bytes, now: datetime) -> SignInLink | None:
        """Return a link that has not expired and forget it: of any number of attempts, one meets it."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget links that have expired."""
        ...


class Ceremonies(Protocol):
    """Exchanges with browsers that have begun."""

    def add(self, ceremony: Ceremony) -> None: ...
    def take(self, handle_sha256: bytes, now: datetime) -> Ceremony | None:
        """Return a ceremony that has not expired and forget it: of any number of answers, one meets it."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget those that have expired."""
        ...


class Passkeys(Protocol):
    """Passkeys of users."""

    def add(self, passkey: Passkey) -> None:
        """Store a new passkey; raises CONFLICT when the credential is registered already."""
        ...

    def save(self, passkey: Passkey) -> Passkey: ...
    def get(self, passkey_id: str) -> Passkey | None: ...
    def by_credential(self, credential_id: bytes) -> Passkey | None: ...
    def of_user(self, user_id: str) -> list[Passkey]:
        """Oldest first."""
        ...

    def delete(self, passkey_id: str) -> bool: ...
