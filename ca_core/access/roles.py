"""Roles: what there is, and what each may do. Whoever makes or changes one holds all of it everywhere."""

import re
from typing import Final

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.user_rights import require_no_less
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.users import Role

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MAX_DESCRIPTION: Final = 1000
_WHAT: Final = "role"


async def listing(core: Core, principal: Principal) -> list[Role]:
    """Return every role, by name; raises FORBIDDEN."""
    clients_searched(principal, Permission.ROLE_VIEW, None)
    return await core.store.read(lambda tx: tx.roles.all())


async def get(core: Core, name: str, principal: Principal) -> Role:
    """Return a role; raises NOT_FOUND, FORBIDDEN."""
    clients_searched(principal, Permission.ROLE_VIEW, None)
    return await core.store.read(lambda tx: _found(tx, name))


async def create(core: Core, role: Role, principal: Principal) -> Role:
    """Store a new role; raises CONFLICT when there is one of its name, FORBIDDEN, MALFORMED."""
    _check(role)

    def act(tx: Transaction) -> Role:
        require(principal, Permission.ROLE_CREATE, None, _WHAT)
        if tx.roles.get(role.name) is not None:
            raise TriviumError(ErrorKind.CONFLICT, f"There is a role {role.name} already; choose another name.")
        return _put(core, tx, role, "role.add", principal)

    return await core.store.write(act)


async def change(core: Core, role: Role, principal: Principal) -> Role:
    """Store a role in the place of the one of its name; raises NOT_FOUND, FORBIDDEN, MALFORMED.

    Whoever has it may do what it says from his next request on. One that catalogue.toml has too is as that says after
    the next `trivium apply`.
    """
    _check(role)

    def act(tx: Transaction) -> Role:
        require(principal, Permission.ROLE_UPDATE, None, _WHAT)
        require_no_less(principal, _found(tx, role.name).permissions, None, "Users with the role")
        return _put(core, tx, role, "role.change", principal)

    return await core.store.write(act)


async def delete(core: Core, name: str, principal: Principal) -> None:
    """Delete a role; raises NOT_FOUND, FORBIDDEN, CONFLICT when somebody has it."""

    def act(tx: Transaction) -> None:
        require(principal, Permission.ROLE_DELETE, None, _WHAT)
        tx.roles.delete(_found(tx, name).name)
        tx.audit.append([entry(core.sources, principal, "role.delete", name)])

    await core.store.write(act)


def _put(core: Core, tx: Transaction, role: Role, action: str, principal: Principal) -> Role:
    require_no_less(principal, role.permissions, None, "Users with the role")
    tx.roles.put(role)
    tx.audit.append([entry(core.sources, principal, action, role.name, permissions=sorted(role.permissions))])
    return role


def _found(tx: Transaction, name: str) -> Role:
    role = tx.roles.get(name)
    if role is None:
        raise not_found(_WHAT)
    return role


def _check(role: Role) -> None:
    if not _NAME.fullmatch(role.name):
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"{role.name!r} is not a name; use up to 64 letters, digits, dots, dashes and underscores.",
        )
    if len(role.description) > _MAX_DESCRIPTION:
        raise TriviumError(ErrorKind.MALFORMED, f"The description has at most {_MAX_DESCRIPTION} characters.")
