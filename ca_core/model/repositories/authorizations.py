"""Authorizations and challenges in a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ca_core.model.authorizations import (
    Authorization,
    CaaPermission,
    Challenge,
    ChallengeStatus,
    FoundChallenge,
    ValidationMethod,
)
from ca_core.model.identifiers import Identifier


@dataclass(frozen=True, kw_only=True)
class ChallengeSearch:
    """What operators search challenges by; None means any. ``identifier`` is a whole name, without ``*.``.

    ``enrolled_at`` leaves those alone by which control of a name is shown at that time, the newest of each Client,
    name and account.
    """

    client_ids: frozenset[str] | None
    identifier: str | None = None
    account_id: str | None = None
    method: ValidationMethod | None = None
    status: ChallengeStatus | None = None
    enrolled_at: datetime | None = None
    before: str | None = None
    limit: int = 50


class Authorizations(Protocol):
    """Authorizations with their challenges."""

    def add(self, authorizations: Sequence[Authorization]) -> None: ...
    def get(self, authorization_id: str) -> Authorization | None: ...
    def get_many(self, authorization_ids: Sequence[str]) -> list[Authorization]:
        """In the order of the ids asked for; raises NOT_FOUND when one is missing."""
        ...

    def by_challenge(self, challenge_id: str) -> Authorization | None: ...
    def valid_for(self, account_id: str, identifiers: Sequence[Identifier], now: datetime) -> list[Authorization]:
        """The account's valid, unexpired authorizations that cover one of the identifiers."""
        ...

    def held_for(
        self, client_id: str, account_id: str | None, identifiers: Sequence[Identifier], now: datetime
    ) -> list[Authorization]:
        """The valid, unexpired ones that cover one of the identifiers: the account's, and the Client's own."""
        ...

    def save(self, authorization: Authorization) -> Authorization:
        """Save status, expiry, domain and permission by CAA (not the challenges) by the revision."""
        ...

    def save_permission(self, authorization_id: str, permission: CaaPermission) -> None:
        """Save a newer permission by CAA, without a revision: either of two that were found at once will do."""
        ...

    def waiting_below(self, client_id: str, name: str, now: datetime) -> list[Authorization]:
        """The Client's own that wait for control of the domain name or one below it at ``now``."""
        ...

    def revoke_of_domain(self, domain_id: str) -> list[str]:
        """Revoke the valid ones whose control is shown by the pre-validated domain; return their ids."""
        ...

    def save_challenge(self, challenge: Challenge) -> Challenge: ...
    def search(self, query: ChallengeSearch) -> list[FoundChallenge]:
        """Newest first; ``query.before`` is the id of the challenge the page continues behind."""
        ...
