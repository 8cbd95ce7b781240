"""Roles: what there is, and what each permits."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from ca_core.access import roles as commands
from ca_core.model import users
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Flag, Schema, Text, json_answer, list_answer
from gateway.rest.v3.users import RoleName

router = APIRouter(prefix="/v3/roles", tags=["Roles"], route_class=ResourceOperation)


class RoleContent(Schema):
    """What a role is said to be and permits."""

    description: Text = ""
    for_every_client: Annotated[Flag, Field(description="Whether it may be given for every Client at once.")] = False
    permissions: Annotated[tuple[Permission, ...], Field(max_length=len(Permission))]


class NewRole(RoleContent):
    """A role to be made."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["helpdesk"])]


class Role(NewRole):
    """A role."""


def role_of(role: users.Role) -> Role:
    """Return a role as it is shown."""
    return Role.model_construct(
        name=role.name,
        description=role.description,
        for_every_client=role.for_every_client,
        permissions=tuple(sorted(role.permissions)),
    )


def _in_core(name: str, wanted: RoleContent) -> users.Role:
    return users.Role(
        name=name,
        description=wanted.description,
        for_every_client=wanted.for_every_client,
        permissions=frozenset(wanted.permissions),
    )


@router.get("", response_model=list[Role])
async def list_roles(caller: Called) -> Response:
    """List the roles, by name."""
    return list_answer([role_of(one) for one in await commands.listing(caller.core, caller.principal)])


@router.post("", response_model=Role, status_code=201)
async def create_role(caller: Called, wanted: NewRole) -> Response:
    """Make a role, none of whose permissions you lack."""
    made = role_of(await commands.create(caller.core, _in_core(wanted.name, wanted), caller.principal))
    location = f"{caller.front_end.external_url}/v3/roles/{made.name}"
    return json_answer(made, 201, location=location, etag=tag_of(made))


@router.get("/{role}", response_model=Role)
async def get_role(caller: Called, role: RoleName) -> Response:
    """Read a role."""
    shown = role_of(await commands.get(caller.core, role, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.put("/{role}", response_model=Role)
async def change_role(caller: Called, role: RoleName, wanted: RoleContent, if_match: IfMatch) -> Response:
    """Change a role: whoever has it may do what it says from his next request on."""

    def now(tx: Transaction) -> Role | None:
        found = tx.roles.get(role)
        return None if found is None else role_of(found)

    caller.first_write.also(if_match.of(now))
    shown = role_of(await commands.change(caller.core, _in_core(role, wanted), caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.delete("/{role}", status_code=204)
async def delete_role(caller: Called, role: RoleName) -> None:
    """Delete a role that nobody has."""
    await commands.delete(caller.core, role, caller.principal)
