"""``trivium admin-link``: the first sign-in at the admin page, and where there is no other way."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

import typer

from gateway.command_options import AsJson, Directory, operator, reading
from gateway.sign_in_address import sign_in_address
from gateway.user_commands import Name


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("admin-link")(admin_link)


def admin_link(directory: Directory, name: Name, *, as_json: AsJson = False) -> None:
    """Print an address at which a user signs in to the admin page, once, within 15 minutes; it ends older ones."""
    from ca_core.access import sign_in_links
    from gateway.console import print_json
    from gateway.installation import Installation

    base = Installation.open(directory).settings.acme_base
    token = reading(directory, lambda core: sign_in_links.create(core, name, operator()))
    address = sign_in_address(base, token)
    if as_json:
        print_json({"user": name, "address": address})
        return
    typer.echo(address)
