"""``trivium api-key``: the keys that users sign their tokens with."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command_options import AsJson, Directory, operator, reading, with_keys
from gateway.user_commands import ClientOfRole, Name, Networks, Reason

if TYPE_CHECKING:
    from ca_core.access.api_keys import MadeKey
    from ca_core.core import Core
    from ca_core.model.users import ApiKey

api_key = typer.Typer(help="API keys: what users sign their tokens with.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(help="The key's id (key-...); `trivium api-key list` shows it.")]


@api_key.command("create")
def create(
    directory: Directory, name: Name, *, client: ClientOfRole = None, networks: Networks = None, as_json: AsJson = False
) -> None:
    """Make a user another key, which is shown once."""
    from ca_core.access import api_keys
    from gateway.user_commands import named_client

    async def run(core: "Core") -> "MadeKey":
        client_id = None if client is None else await core.store.read(lambda tx: named_client(tx, client))
        return await api_keys.create(core, name, client_id, operator(), networks=tuple(networks or ()))

    _show(with_keys(directory, run), as_json=as_json)


@api_key.command("renew")
def renew(directory: Directory, key_id: KeyId, *, as_json: AsJson = False) -> None:
    """Make a key in the place of another, which works for 7 more days."""
    from ca_core.access import api_keys

    _show(with_keys(directory, lambda core: api_keys.renew(core, key_id, operator())), as_json=as_json)


@api_key.command("list")
def list_keys(directory: Directory, name: Name, *, as_json: AsJson = False) -> None:
    """List the keys of a user, newest first; none is shown itself."""
    from ca_core.access import api_keys
    from gateway.console import print_json, print_table

    async def read(core: "Core") -> tuple[list["ApiKey"], dict[str, str]]:
        clients = await core.store.read(lambda tx: tx.clients.all())
        return await api_keys.listing(core, name, operator()), {one.id: one.name for one in clients}

    found, clients = reading(directory, read)
    rows = [
        {
            "id": key.id,
            "client": clients.get(key.client_id or "", "every Client"),
            "from": key.networks,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "exposed_at": key.exposed_at,
            "suspended": key.suspended,
        }
        for key in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("id", "Client", "from", "created (UTC)", "works until", "seen in a URL", "suspended")
    print_table(f"API keys of {name}", columns, [tuple(row.values()) for row in rows])


@api_key.command("restrict")
def restrict(directory: Directory, key_id: KeyId, *, networks: Networks = None) -> None:
    """Say from which addresses a key may be used; without any: from anywhere."""
    from ca_core.access import api_keys

    reading(directory, lambda core: api_keys.restrict(core, key_id, tuple(networks or ()), operator()))
    typer.echo(f"{key_id} may be used from {', '.join(networks or ()) or 'anywhere'}.")


@api_key.command("suspend")
def suspend(directory: Directory, key_id: KeyId, *, reason: Reason) -> None:
    """Let a key not count until it is resumed, and stop what was ordered with it and waits."""
    from ca_core.access.suspension import suspend_key

    reading(directory, lambda core: suspend_key(core, key_id, reason, operator()))
    typer.echo(f"{key_id} is suspended.")


@api_key.command("resume")
def resume(directory: Directory, key_id: KeyId) -> None:
    """Let a key that was suspended count again."""
    from ca_core.access.suspension import resume_key

    reading(directory, lambda core: resume_key(core, key_id, operator()))
    typer.echo(f"{key_id} counts again.")


@api_key.command("delete")
def delete(directory: Directory, key_id: KeyId) -> None:
    """Delete a key: it stops working at once."""
    from ca_core.access import api_keys

    reading(directory, lambda core: api_keys.delete(core, key_id, operator()))
    typer.echo(f"{key_id} is deleted.")


def _show(made: "MadeKey", *, as_json: bool) -> None:
    from gateway.console import print_facts, print_json

    facts = {"key_id": made.key.id, "api_key": made.secret}
    if as_json:
        print_json(facts)
        return
    print_facts("A new API key", facts)
    typer.echo("\nPass it on by a safe way now: it is shown once, and nobody can tell it again.")
