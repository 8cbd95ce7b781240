"""Users: people and service accounts, and the roles they have for Clients."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ca_core.access import api_keys
from ca_core.access.api_keys import MadeKey
from ca_core.access.authorisation import clients_searched, clients_with, require
from ca_core.access.token_claims import is_user_name
from ca_core.access.user_rights import found_user, knows_of, require_no_less, require_over_all
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.users import Assignment, PersonalData, Role, User, UserKind
from ca_core.model.values import replace

_MAX_TEXT: Final = 256
_EMAIL: Final = re.compile(r"[^@\s<>,;:\"\\]+@[^@\s<>,;:\"\\]+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """A user to be made, with the first role he has and the Client he has it for.

    ``client_id`` None is every Client, for roles that may be had so. ``with_key`` makes him an API key for the same.
    """

    name: str
    kind: UserKind
    email: str = ""
    personal: PersonalData = field(default_factory=PersonalData)
    role: str
    client_id: str | None
    with_key: bool = True
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MadeUser:
    """A new user; ``key`` is None when none was asked for."""

    user: User
    key: MadeKey | None


async def create(core: Core, request: NewUser, principal: Principal) -> MadeUser:
    """Make a user with a role and, unless it is not wanted, an API key.

    Raises NOT_FOUND for a Client or role, FORBIDDEN for a role with more than the principal may do himself, CONFLICT
    for a name that is taken or an operator's address that another has, MALFORMED.
    """
    key = api_keys.new_key(core, principal, client_id=request.client_id, networks=request.networks)
    user = new_user(core, request)
    return await core.store.write(lambda tx: add(core, tx, request, user, key, principal))


def add(core: Core, tx: Transaction, request: NewUser, user: User, key: MadeKey, principal: Principal) -> MadeUser:
    """Store a new user with his role and, if it is wanted, his key."""
    if request.client_id is not None and tx.clients.get(request.client_id) is None:
        raise not_found("Client")
    require(principal, Permission.USER_CREATE, request.client_id, "Client")
    if request.with_key:
        require(principal, Permission.ACCOUNT_API_KEY_CREATE, request.client_id, "Client")
    _require_own_address(tx, user)
    try:
        tx.users.add(user)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        raise TriviumError(ErrorKind.CONFLICT, f"There is a user {user.name} already; choose another name.") from None
    record = entry(
        core.sources, principal, "user.create", user.id, client_id=request.client_id, name=user.name, kind=user.kind
    )
    tx.audit.append([record])
    _assign(core, tx, user, request.role, request.client_id, principal)
    return MadeUser(user=user, key=api_keys.add(core, tx, user, key, principal) if request.with_key else None)


async def get(core: Core, name: str, principal: Principal) -> User:
    """Return the user of this name; raises NOT_FOUND."""
    return await core.store.read(lambda tx: found_user(tx, name, principal))


async def names(core: Core, user_ids: Iterable[str], principal: Principal) -> Mapping[str, str]:
    """Return the names of those of the users that the principal may know of, by id."""

    def read(tx: Transaction) -> Mapping[str, str]:
        found = [user for one in user_ids if (user := tx.users.get(one)) is not None]
        return {user.id: user.name for user in found if knows_of(tx, principal, user)}

    return await core.store.read(read)


async def search(
    core: Core,
    principal: Principal,
    *,
    client_ids: frozenset[str] | None = None,
    text: str = "",
    before: str | None = None,
    limit: int,
) -> list[User]:
    """Return a page of the users with a role for the Clients whose users the principal sees, newest first.

    ``text`` is part of the name or the e-mail address, in any case, and may have the wildcards ? and *. Raises
    FORBIDDEN.
    """
    wanted = clients_searched(principal, Permission.USER_VIEW, client_ids)
    page = max(1, min(limit, MAX_PAGE))
    return await core.store.read(lambda tx: tx.users.search(wanted, text=text, before=before, limit=page))


async def assignments(core: Core, name: str, principal: Principal) -> list[Assignment]:
    """Return the roles of a user, for the Clients the principal may see users of; all of his own; raises NOT_FOUND."""

    def read(tx: Transaction) -> list[Assignment]:
        user = found_user(tx, name, principal)
        visible = clients_with(principal, Permission.USER_VIEW)
        given = tx.users.assignments(user.id)
        if visible is None or user.id == principal.id:
            return given
        return [one for one in given if one.client_id in visible]

    return await core.store.read(read)


async def assign(core: Core, name: str, role: str, client_id: str | None, principal: Principal) -> None:
    """Give a user a role for a Client, None: for every one; raises NOT_FOUND, FORBIDDEN, MALFORMED."""

    def act(tx: Transaction) -> None:
        require(principal, Permission.USER_UPDATE, client_id, "Client")
        if client_id is not None and tx.clients.get(client_id) is None:
            raise not_found("Client")
        _assign(core, tx, found_user(tx, name, principal), role, client_id, principal)

    await core.store.write(act)


async def withdraw(core: Core, name: str, role: str, client_id: str | None, principal: Principal) -> None:
    """Take a role for a Client back, None: one for every Client, also where it is no longer had so.

    Raises NOT_FOUND, FORBIDDEN.
    """

    def act(tx: Transaction) -> None:
        require(principal, Permission.USER_UPDATE, client_id, "Client")
        user = found_user(tx, name, principal)
        _require_within(_role(tx, role), client_id, principal)
        if not tx.users.withdraw(Assignment(user_id=user.id, client_id=client_id, role=role)):
            raise not_found("role of the user")
        tx.audit.append([entry(core.sources, principal, "user.withdraw", user.id, client_id=client_id, role=role)])

    await core.store.write(act)


async def change(
    core: Core, name: str, principal: Principal, *, email: str | None = None, personal: PersonalData | None = None
) -> User:
    """Change a user's e-mail address and what he says of himself; raises NOT_FOUND, FORBIDDEN, MALFORMED, CONFLICT.

    What he says of himself he may change; the address, by which a login finds him, only who may change users.
    """

    def act(tx: Transaction) -> User:
        user = found_user(tx, name, principal)
        if email is not None:
            require_over_all(tx, principal, user, Permission.USER_UPDATE)
        elif user.id == principal.id:
            _require_own(principal, Permission.OWN_ACCOUNT_UPDATE)
        else:
            require_over_all(tx, principal, user, Permission.USER_UPDATE)
        changed = replace(
            user,
            email=user.email if email is None else email,
            personal=user.personal if personal is None else personal,
        )
        if changed.email != user.email:
            _require_own_address(tx, changed)
        tx.audit.append([entry(core.sources, principal, "user.change", user.id)])
        return tx.users.save(changed)

    _check(email or "", personal or PersonalData())
    return await core.store.write(act)


def new_user(core: Core, request: NewUser) -> User:
    """Return a user who is not stored yet, for :func:`add`; raises MALFORMED."""
    if not is_user_name(request.name):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{request.name!r} is no user name; use up to 128 letters, digits and _.@+- with a letter or digit first.",
        )
    _check(request.email, request.personal)
    return User(
        id=core.sources.new_id("usr"),
        name=request.name,
        kind=request.kind,
        email=request.email,
        personal=request.personal,
        created_at=core.sources.now(),
    )


def _require_own_address(tx: Transaction, user: User) -> None:
    """Raise CONFLICT when an operator has another's address: a first sign-in at the provider finds one user by it."""
    if not user.email or user.kind is not UserKind.OPERATOR:
        return
    if any(one.id != user.id and one.kind is UserKind.OPERATOR for one in tx.users.by_email(user.email)):
        raise TriviumError(
            ErrorKind.CONFLICT,
            f"Another user has the e-mail address {user.email}, by which he signs in; choose one of this user's own.",
        )


def _check(email: str, personal: PersonalData) -> None:
    if email and (len(email) > _MAX_TEXT or not _EMAIL.fullmatch(email)):
        raise TriviumError(ErrorKind.MALFORMED, f"{email!r} is no e-mail address.")
    for what, text in (
        ("first name", personal.first_name),
        ("last name", personal.last_name),
        ("title", personal.title),
    ):
        if len(text) > _MAX_TEXT or not text.isprintable():
            raise TriviumError(ErrorKind.MALFORMED, f"The {what} must be at most {_MAX_TEXT} printable characters.")
    if not _LANGUAGE.fullmatch(personal.language):
        raise TriviumError(ErrorKind.MALFORMED, f"{personal.language!r} is no language; write en, de or fr, say.")


def _assign(core: Core, tx: Transaction, user: User, role: str, client_id: str | None, principal: Principal) -> None:
    given = _role(tx, role)
    if client_id is None and not given.for_every_client:
        raise TriviumError(ErrorKind.MALFORMED, f"The role {role} is for one Client at a time; name it.")
    _require_within(given, client_id, principal)
    tx.users.assign(Assignment(user_id=user.id, client_id=client_id, role=role))
    tx.audit.append([entry(core.sources, principal, "user.assign", user.id, client_id=client_id, role=role)])


def _role(tx: Transaction, name: str) -> Role:
    role = tx.roles.get(name)
    if role is None:
        known = ", ".join(one.name for one in tx.roles.all()) or "none"
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no role {name}; there are: {known}.")
    return role


def _require_within(role: Role, client_id: str | None, principal: Principal) -> None:
    """Require that the principal may do for the Client all that the role may: nobody gives what he does not have."""
    require_no_less(principal, role.permissions, client_id, f"A user with the role {role.name}")


def _require_own(principal: Principal, permission: Permission) -> None:
    if clients_with(principal, permission) == frozenset():
        raise TriviumError(ErrorKind.FORBIDDEN, f"This needs the permission {permission}, which you do not have.")
