"""Authorizations and their challenges in the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, insert, or_, select, update

from ca_core.model.authorizations import (
    Authorization,
    AuthorizationStatus,
    CaaPermission,
    Challenge,
    FoundChallenge,
)
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.repositories.authorizations import ChallengeSearch
from ca_core.model.values import of_members, replace
from store.challenge_search import statement
from store.columns import inline
from store.revisions import conflict, save_statement
from store.spread import spread
from store.statements import Executor, Reader, Row, Statement
from store.tables import authorizations, challenges, client_waits

_COMPLETE = select(
    *authorizations.c,
    *(column.label(f"challenge_{column.name}") for column in challenges.c if column.name != "position"),
).outerjoin(challenges, challenges.c.authorization_id == authorizations.c.id)

_ADD = Statement(insert(authorizations))
_ADD_CHALLENGE = Statement(insert(challenges))
_GET = Statement(_COMPLETE.where(authorizations.c.id == bindparam("id")).order_by(challenges.c.position))
_BY_CHALLENGE = Statement(
    _COMPLETE.where(
        authorizations.c.id
        == select(challenges.c.authorization_id).where(challenges.c.id == bindparam("challenge_id")).scalar_subquery()
    ).order_by(challenges.c.position)
)
_SAVE = save_statement(authorizations, ("status", "expires_at", "caa", "domain_id"))
_SAVE_PERMISSION = Statement(
    update(authorizations)
    .where(authorizations.c.id == bindparam("authorization_id"))
    .values(caa=bindparam("permission", type_=authorizations.c.caa.type))
)
_WAITING_BELOW = Statement(
    _COMPLETE.where(
        client_waits,
        authorizations.c.client_id == bindparam("client_id"),
        authorizations.c.identifier_type == IdentifierType.DNS,
        or_(
            authorizations.c.identifier_value == bindparam("name"),
            authorizations.c.identifier_value.like(bindparam("below")),
        ),
        authorizations.c.expires_at > bindparam("now"),
    ).order_by(authorizations.c.id, challenges.c.position)
)
_REVOKE_OF_DOMAIN = Statement(
    update(authorizations)
    .where(authorizations.c.domain_id == bindparam("of_domain"), authorizations.c.status == AuthorizationStatus.VALID)
    .values(status=inline(AuthorizationStatus.REVOKED), revision=authorizations.c.revision + 1)
    .returning(authorizations.c.id)
)
_SAVE_CHALLENGE = save_statement(challenges, ("status", "validated_at", "error"))


def _ordered(selection: Select[Any]) -> Statement:
    return Statement(selection.order_by(authorizations.c.id, challenges.c.position))


@cache
def _by_ids(names: tuple[str, ...]) -> Statement:
    """The authorizations of so many ids."""
    return _ordered(_COMPLETE.where(authorizations.c.id.in_([bindparam(name) for name in names])))


@cache
def _valid_for(names: tuple[str, ...]) -> Statement:
    """The account's valid, unexpired authorizations of so many identifier values."""
    return _ordered(
        _COMPLETE.where(
            authorizations.c.account_id == bindparam("account_id"),
            authorizations.c.identifier_value.in_([bindparam(name) for name in names]),
            authorizations.c.status == AuthorizationStatus.VALID,
            authorizations.c.expires_at > bindparam("now"),
        )
    )


@cache
def _held_for(names: tuple[str, ...]) -> Statement:
    """The valid, unexpired authorizations of so many identifier values: the account's, and the Client's own."""
    return _ordered(
        _COMPLETE.where(
            or_(authorizations.c.account_id == bindparam("account_id"), authorizations.c.account_id.is_(None)),
            authorizations.c.client_id == bindparam("client_id"),
            authorizations.c.identifier_value.in_([bindparam(name) for name in names]),
            authorizations.c.status == AuthorizationStatus.VALID,
            authorizations.c.expires_at > bindparam("now"),
        )
    )


class AuthorizationTable:
    """Implements :class:`ca_core.model.store.Authorizations`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, authorizations: Sequence[Authorization]) -> None:
        """Store new authorizations with their challenges."""
        self._run.change_many(_ADD, [_values(authorization) for authorization in authorizations])
        self._run.change_many(
            _ADD_CHALLENGE,
            [
                {**vars(challenge), "position": position}
                for authorization in authorizations
                for position, challenge in enumerate(authorization.challenges)
            ],
        )

    def get(self, authorization_id: str) -> Authorization | None:
        """Return the authorization of this id."""
        return next(iter(self._complete(_GET, {"id": authorization_id})), None)

    def get_many(self, authorization_ids: Sequence[str]) -> list[Authorization]:
        """Return them in the order of the ids asked for; raises NOT_FOUND when one is missing."""
        if not authorization_ids:
            return []
        wanted = spread("id", authorization_ids)
        found = {one.id: one for one in self._complete(_by_ids(tuple(wanted)), wanted)}
        if missing := [one for one in authorization_ids if one not in found]:
            raise TriviumError(ErrorKind.NOT_FOUND, f"There is no authorization {missing[0]}.")
        return [found[one] for one in authorization_ids]

    def by_challenge(self, challenge_id: str) -> Authorization | None:
        """Return the authorization that the challenge belongs to."""
        return next(iter(self._complete(_BY_CHALLENGE, {"challenge_id": challenge_id})), None)

    def valid_for(self, account_id: str, identifiers: Sequence[Identifier], now: datetime) -> list[Authorization]:
        """Return the account's valid, unexpired authorizations that cover one of the identifiers, oldest first."""
        if not identifiers:
            return []
        bases = spread("base", [identifier.base.value for identifier in identifiers])
        values = {**bases, "account_id": account_id, "now": now}
        return _covering(self._complete(_valid_for(tuple(bases)), values), identifiers)

    def held_for(
        self, client_id: str, account_id: str | None, identifiers: Sequence[Identifier], now: datetime
    ) -> list[Authorization]:
        """Return the valid, unexpired ones that cover one of the identifiers: the account's, and the Client's own."""
        if not identifiers:
            return []
        bases = spread("base", [identifier.base.value for identifier in identifiers])
        values = {**bases, "client_id": client_id, "account_id": account_id, "now": now}
        return _covering(self._complete(_held_for(tuple(bases)), values), identifiers)

    def save(self, authorization: Authorization) -> Authorization:
        """Save status, expiry, domain and CAA's permission (not the challenges) by the revision; raises CONFLICT."""
        if not self._run.change(_SAVE, vars(authorization)):
            raise conflict(f"authorization {authorization.id}")
        return replace(authorization, revision=authorization.revision + 1)

    def save_permission(self, authorization_id: str, permission: CaaPermission) -> None:
        """Save a newer permission by CAA, whatever else changes: of two that were found at once either will do."""
        self._run.change(_SAVE_PERMISSION, {"authorization_id": authorization_id, "permission": permission})

    def waiting_below(self, client_id: str, name: str, now: datetime) -> list[Authorization]:
        """Return the Client's own that wait for control of the domain name or one below it, oldest first."""
        values = {"client_id": client_id, "name": name, "below": f"%.{name}", "now": now}  # no name has a % or _
        return self._complete(_WAITING_BELOW, values)

    def revoke_of_domain(self, domain_id: str) -> list[str]:
        """Revoke the valid ones whose control is shown by the pre-validated domain; return their ids."""
        return [str(row["id"]) for row in self._run.all(_REVOKE_OF_DOMAIN, {"of_domain": domain_id})]

    def save_challenge(self, challenge: Challenge) -> Challenge:
        """Save a challenge by its revision; raises CONFLICT."""
        if not self._run.change(_SAVE_CHALLENGE, vars(challenge)):
            raise conflict(f"challenge {challenge.id}")
        return replace(challenge, revision=challenge.revision + 1)

    def search(self, query: ChallengeSearch) -> list[FoundChallenge]:
        """Return the challenges that match, newest first; ``query.before`` is the id the page continues behind."""
        found = self._run.search(statement(query))
        for row in found:
            row["identifier"] = Identifier(type=row.pop("identifier_type"), value=row.pop("identifier_value"))
        return [of_members(FoundChallenge, row) for row in found]

    def _complete(self, statement: Statement, values: Mapping[str, Any]) -> list[Authorization]:
        """Return what the rows of a statement stand for, each of which has one challenge of its authorization."""
        found: dict[str, list[Authorization]] = {}
        for part in self._run.values(_PARTS, statement, values):
            found.setdefault(part.id, []).append(part)
        return [_whole(parts) for parts in found.values()]


def _values(authorization: Authorization) -> dict[str, Any]:
    identifier = authorization.identifier
    return {**vars(authorization), "identifier_type": identifier.type, "identifier_value": identifier.value}


def _covering(held: Sequence[Authorization], identifiers: Sequence[Identifier]) -> list[Authorization]:
    wanted = {(identifier.base, identifier.wildcard) for identifier in identifiers}
    return [one for one in held if (one.identifier, one.wildcard) in wanted]


def _part(row: Row) -> Authorization:
    """The authorization with the one challenge of the row, if it has any."""
    challenge = {name: row.pop(f"challenge_{name}") for name in _CHALLENGE_MEMBERS}
    row["identifier"] = Identifier(type=row.pop("identifier_type"), value=row.pop("identifier_value"))
    row["challenges"] = () if challenge["id"] is None else (of_members(Challenge, challenge),)
    return of_members(Authorization, row)


def _whole(parts: Sequence[Authorization]) -> Authorization:
    return replace(parts[0], challenges=tuple([challenge for part in parts for challenge in part.challenges]))


_CHALLENGE_MEMBERS = tuple(column.name for column in challenges.c if column.name != "position")
_PARTS = Reader(_part)
