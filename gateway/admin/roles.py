"""Roles: what each permits, as a table; made, changed and deleted by who holds all of it."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import roles as access
from ca_core.access.authorisation import held, permitted
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from ca_core.model.users import Role
from gateway.admin.page import act, show
from gateway.admin.permissions import ACTS, OBJECTS
from gateway.admin.sections import ROLES
from gateway.admin.visit import Visit

_EMPTY: Final = Role(name="", permissions=frozenset())


async def role_list(visit: Visit) -> Response:
    """Show the roles."""
    return await visit.page(
        "roles.html",
        found=await access.listing(visit.core, visit.principal),
        may_make=permitted(visit.principal, Permission.ROLE_CREATE, None),
    )


async def new_role(visit: Visit) -> Response:
    """Show the form for a new role."""
    return await _new(visit)


async def create_role(visit: Visit) -> Response:
    """Make a role."""
    wanted = _role(visit, visit.form.text("name"))
    await access.create(visit.core, wanted, visit.principal)
    return visit.to(f"{ROLES.path}/{wanted.name}", "role-made")


async def role(visit: Visit) -> Response:
    """Show a role."""
    return await _one(visit)


async def change_role(visit: Visit) -> Response:
    """Change a role: whoever has it may do what it says from his next request on."""
    wanted = _role(visit, visit.path("role"))
    await access.change(visit.core, wanted, visit.principal)
    return visit.to(f"{ROLES.path}/{wanted.name}", "saved")


async def delete_role(visit: Visit) -> Response:
    """Delete a role that nobody has."""
    await access.delete(visit.core, visit.path("role"), visit.principal)
    return visit.to(ROLES.path, "role-deleted")


def _role(visit: Visit, name: str) -> Role:
    ticked = visit.form.texts("permission")
    return Role(
        name=name,
        description=visit.form.text("description"),
        for_every_client=visit.form.ticked("for_every_client"),
        permissions=frozenset(one for one in Permission if one in ticked),
    )


async def _new(visit: Visit, problem: Problem | None = None) -> Response:
    return await visit.page(
        "role_new.html",
        problem=problem,
        shown=_EMPTY if problem is None else _role(visit, visit.form.text("name")),
        acts=ACTS,
        objects=OBJECTS,
    )


async def _one(visit: Visit, problem: Problem | None = None) -> Response:
    found = await access.get(visit.core, visit.path("role"), visit.principal)
    was_sent = problem is not None and "description" in visit.form.data
    may_change = permitted(visit.principal, Permission.ROLE_UPDATE, None)
    return await visit.page(
        "role.html",
        problem=problem,
        found=found,
        shown=_role(visit, found.name) if was_sent else found,
        may_change=may_change and found.permissions <= held(visit.principal, None),
        may_delete=permitted(visit.principal, Permission.ROLE_DELETE, None),
        acts=ACTS,
        objects=OBJECTS,
    )


def _stored(visit: Visit, tx: Transaction) -> Role | None:
    return tx.roles.get(visit.path("role"))


routes: Final[list[Route]] = [
    show("", role_list, ROLES),
    show("/-/new", new_role, ROLES),
    act("", create_role, ROLES, again=_new),
    show("/{role}", role, ROLES),
    act("/{role}", change_role, ROLES, again=_one, changes=_stored),
    act("/{role}/delete", delete_role, ROLES),
]
