"""``trivium user``: who may call the REST API, and what he may do for which Client."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.command_options import AsJson, Directory, Limit, operator, reading, with_keys

if TYPE_CHECKING:
    from ca_core.access.users import MadeUser
    from ca_core.core import Core
    from ca_core.model.store import Transaction
    from ca_core.model.users import Assignment, User

user = typer.Typer(help="Users of the REST API: people and service accounts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name, the `sub` of his tokens.")]
RoleName = Annotated[str, typer.Option("--role", help="A role; `trivium role list` shows them.")]
ClientOfRole = Annotated[
    str | None,
    typer.Option(
        "--client", help="The Client he has it for. Without it: every Client, for roles that allow it, or `default`."
    ),
]
Networks = Annotated[
    list[str] | None,
    typer.Option("--from", help="An address or network the key may be used from; may be repeated. Without: any."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why: whoever is stopped reads it.")]

role = typer.Typer(help="Roles: what users may do; catalogue.toml makes them.", no_args_is_help=True)


@role.command("list")
def list_roles(directory: Directory, *, as_json: AsJson = False) -> None:
    """List the roles with their permissions."""
    from ca_core.access import roles
    from gateway.console import print_json, print_table

    found = reading(directory, lambda core: roles.listing(core, operator()))
    rows = [
        {
            "name": one.name,
            "description": one.description,
            "for_every_client": one.for_every_client,
            "permissions": sorted(one.permissions),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("name", "description", "for every Client", "permissions")
    print_table("Roles", columns, [tuple(row.values()) for row in rows])


@user.command("create")
def create(
    directory: Directory,
    name: Name,
    *,
    service: Annotated[bool, typer.Option("--service", help="A service account: the API, and no page.")] = False,
    role: RoleName = "ra-operator",
    client: ClientOfRole = None,
    email: Annotated[str, typer.Option(help="The address that a login finds him by.")] = "",
    networks: Networks = None,
    as_json: AsJson = False,
) -> None:
    """Make a user with a role and an API key, which is shown once."""
    from ca_core.access import users
    from ca_core.model.users import UserKind
    from gateway.console import print_facts, print_json

    async def run(core: "Core") -> "MadeUser":
        client_id = await core.store.read(lambda tx: client_of_role(tx, role, client))
        request = users.NewUser(
            name=name,
            kind=UserKind.SERVICE_ACCOUNT if service else UserKind.OPERATOR,
            email=email,
            role=role,
            client_id=client_id,
            networks=tuple(networks or ()),
        )
        return await users.create(core, request, operator())

    made = with_keys(directory, run)
    facts = {
        "user": made.user.name,
        "api_key": made.key.secret if made.key else None,
        "id": made.user.id,
        "key_id": made.key.key.id if made.key else None,
        "role": role,
    }
    if as_json:
        print_json(facts)
        return
    print_facts(f"The user {made.user.name}", facts)
    typer.echo("\nPass the API key on by a safe way now: it is shown once, and nobody can tell it again.")


@user.command("list")
def list_users(
    directory: Directory,
    *,
    client: Annotated[str | None, typer.Option("--client", help="Only those with a role for this Client.")] = None,
    before: Annotated[str | None, typer.Option(help="Only users older than this one: the next page.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the users with their roles, newest first."""
    from ca_core.access import users
    from gateway.console import print_json, print_table

    async def read(core: "Core") -> tuple[list[tuple["User", list["Assignment"]]], dict[str, str]]:
        clients = {one.id: one.name for one in await core.store.read(lambda tx: tx.clients.all())}
        only = None if client is None else frozenset({await core.store.read(lambda tx: named_client(tx, client))})
        found = await users.search(core, operator(), client_ids=only, before=before, limit=limit)
        return [(one, await users.assignments(core, one.name, operator())) for one in found], clients

    found, clients = reading(directory, read)
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "kind": one.kind,
            "email": one.email,
            "roles": [f"{given.role} for {clients.get(given.client_id or '', 'every Client')}" for given in roles],
            "suspended": one.suspended,
        }
        for one, roles in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("id", "name", "kind", "e-mail", "roles", "suspended")
    print_table("Users", columns, [tuple(row.values()) for row in rows])


@user.command("assign")
def assign(directory: Directory, name: Name, *, role: RoleName, client: ClientOfRole = None) -> None:
    """Give a user another role."""
    from ca_core.access import users

    async def run(core: "Core") -> None:
        client_id = await core.store.read(lambda tx: client_of_role(tx, role, client))
        await users.assign(core, name, role, client_id, operator())

    reading(directory, run)
    typer.echo(f"{name} has the role {role}.")


@user.command("withdraw")
def withdraw(directory: Directory, name: Name, *, role: RoleName, client: ClientOfRole = None) -> None:
    """Take a role back from a user."""
    from ca_core.access import users

    async def run(core: "Core") -> None:
        client_id = await core.store.read(lambda tx: client_of_role(tx, role, client))
        await users.withdraw(core, name, role, client_id, operator())

    reading(directory, run)
    typer.echo(f"{name} has the role {role} no longer.")


@user.command("suspend")
def suspend(directory: Directory, name: Name, *, reason: Reason) -> None:
    """Let a user do nothing until he is resumed, and stop his orders that wait."""
    from ca_core.access.suspension import suspend_user

    reading(directory, lambda core: suspend_user(core, name, reason, operator()))
    typer.echo(f"{name} is suspended.")


@user.command("resume")
def resume(directory: Directory, name: Name) -> None:
    """Let a user who was suspended go on."""
    from ca_core.access.suspension import resume_user

    reading(directory, lambda core: resume_user(core, name, operator()))
    typer.echo(f"{name} goes on.")


@user.command("unlink")
def unlink(directory: Directory, name: Name) -> None:
    """Let a user's next sign-in at the identity provider find him by his e-mail address again; his sessions end."""
    from ca_core.access import federation

    reading(directory, lambda core: federation.unlink(core, name, operator()))
    typer.echo(f"{name} is linked to nobody at the identity provider.")


@user.command("revoke-token")
def revoke_token(
    directory: Directory, name: Name, token_id: Annotated[str, typer.Argument(help="The token's jti.")]
) -> None:
    """Let a token of a user count no more."""
    from ca_core.access import tokens

    reading(directory, lambda core: tokens.revoke_token(core, name, token_id, operator()))
    typer.echo(f"The token {token_id} of {name} counts no more.")


def client_of_role(tx: "Transaction", role_name: str, client_name: str | None) -> str | None:
    """Return the id of the Client that a role is given for; None is every one. Raises NOT_FOUND."""
    role = tx.roles.get(role_name)
    if client_name is None and role is not None and role.for_every_client:
        return None
    return named_client(tx, client_name or "default")


def named_client(tx: "Transaction", name: str) -> str:
    """Return the id of a Client by its name; raises NOT_FOUND."""
    client = tx.clients.by_name(name)
    if client is None:
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no Client {name}; see catalogue.toml.")
    return client.id
