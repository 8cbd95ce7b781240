"""Users, their roles and keys in a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ca_core.model.users import ApiKey, Assignment, LinkedSubject, Role, User


class Users(Protocol):
    """Users, and which roles they have for which Clients."""

    def add(self, user: User) -> None:
        """Store a new user; raises CONFLICT when the name, or the subject, is another's."""
        ...

    def save(self, user: User) -> User: ...
    def get(self, user_id: str) -> User | None: ...
    def by_name(self, name: str) -> User | None: ...
    def by_subject(self, subject: LinkedSubject) -> User | None: ...
    def by_email(self, email: str) -> list[User]:
        """Those with exactly this address, operators first, two where there are more."""
        ...

    def search(
        self, client_ids: frozenset[str] | None, *, text: str = "", before: str | None, limit: int
    ) -> list[User]:
        """Those with a role for one of these Clients (None: all), newest first, from the one behind ``before``.

        ``text``, which may have the wildcards ? and *, is found in the name or the e-mail address.
        """
        ...

    def assign(self, assignment: Assignment) -> None:
        """Give a user a role; one he has already stays."""
        ...

    def withdraw(self, assignment: Assignment) -> bool:
        """Take a role back; False when the user did not have it."""
        ...

    def assignments(self, user_id: str) -> list[Assignment]: ...


class Roles(Protocol):
    """Roles by name."""

    def put(self, role: Role) -> None:
        """Store a role in the place of one of its name."""
        ...

    def get(self, name: str) -> Role | None: ...
    def all(self) -> list[Role]: ...
    def delete(self, name: str) -> bool:
        """Delete a role that nobody has; raises CONFLICT when somebody has it."""
        ...


class ApiKeys(Protocol):
    """API keys; the sealed secrets beside them are read by nothing but a verification."""

    def add(self, key: ApiKey, sealed: bytes) -> None: ...
    def save(self, key: ApiKey) -> ApiKey: ...
    def get(self, key_id: str) -> ApiKey | None: ...
    def delete(self, key_id: str) -> bool: ...
    def of_user(self, user_id: str) -> list[ApiKey]:
        """Newest first, ended ones too."""
        ...

    def sealed_of(self, user_name: str, now: datetime, limit: int) -> Sequence[tuple[str, bytes]]:
        """Ids and sealed secrets of the keys that have not ended of the user of this name, then NOBODY's: ``limit``."""
        ...

    def purge(self, ended_before: datetime, limit: int) -> int:
        """Forget keys that ended before."""
        ...
