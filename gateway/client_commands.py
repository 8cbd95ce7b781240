"""``trivium client``: the tenants, and who of them may do nothing for now."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from typing import Annotated

import typer

from gateway.command_options import AsJson, Directory, operator, reading
from gateway.user_commands import Reason, named_client

client = typer.Typer(help="Clients, the tenants; catalogue.toml makes them.", no_args_is_help=True)

ClientName = Annotated[str, typer.Argument(help="The Client's name.")]


@client.command("list")
def list_clients(directory: Directory, *, as_json: AsJson = False) -> None:
    """List the Clients."""
    from gateway.console import print_json, print_table

    found = reading(directory, lambda core: core.store.read(lambda tx: tx.clients.all()))
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.name, one.description, one.suspended) for one in found]
    print_table("Clients", ("id", "name", "description", "suspended"), rows)


@client.command("suspend")
def suspend(directory: Directory, name: ClientName, *, reason: Reason) -> None:
    """Let nobody act for a Client until it is resumed, and stop its orders that wait."""
    from ca_core.access.suspension import suspend_client
    from ca_core.core import Core
    from ca_core.model.clients import Client

    async def run(core: Core) -> Client:
        client_id = await core.store.read(lambda tx: named_client(tx, name))
        return await suspend_client(core, client_id, reason, operator())

    reading(directory, run)
    typer.echo(f"{name} is suspended.")


@client.command("resume")
def resume(directory: Directory, name: ClientName) -> None:
    """Let a Client that was suspended go on; its orders that were stopped stay so."""
    from ca_core.access.suspension import resume_client
    from ca_core.core import Core
    from ca_core.model.clients import Client

    async def run(core: Core) -> Client:
        client_id = await core.store.read(lambda tx: named_client(tx, name))
        return await resume_client(core, client_id, operator())

    reading(directory, run)
    typer.echo(f"{name} goes on.")
