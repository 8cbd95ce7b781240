"""``trivium domain``: domains that a Client has shown control of once, and the names that orders wait for."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.command_options import AsJson, Directory, operator, reading, with_keys

if TYPE_CHECKING:
    from ca_core.core import Core
    from ca_core.model.domains import ClientDomain
    from ca_core.orders.pending_names import PendingName

domain = typer.Typer(help="Pre-validated domains of Clients, and names that orders wait for.", no_args_is_help=True)

ClientName = Annotated[str, typer.Option("--client", help="The Client that the domains belong to.")]
DomainId = Annotated[str, typer.Argument(metavar="CLD-ID")]


@domain.command("register")
def domain_register(
    directory: Directory,
    names: Annotated[list[str], typer.Argument(metavar="DOMAIN...")],
    *,
    client: ClientName = "default",
    as_json: AsJson = False,
) -> None:
    """Register domains of a Client; each gets a token to put into the DNS."""
    from ca_core.validation import domains

    async def act(core: "Core") -> list["ClientDomain"]:
        return await domains.register(core, await _client_id(core, client), names, operator())

    found = reading(directory, act)
    if as_json:
        _print_json(found)
        return
    for one in found:
        _print(one)


@domain.command("list")
def domain_list(directory: Directory, *, client: ClientName = "default", as_json: AsJson = False) -> None:
    """List the domains of a Client, by name."""
    from ca_core.validation import domains
    from gateway.console import print_table
    from gateway.sources import system_sources

    async def act(core: "Core") -> list["ClientDomain"]:
        return await domains.listing(core, await _client_id(core, client), operator())

    found = reading(directory, act)
    if as_json:
        _print_json(found)
        return
    now = system_sources().now()
    rows = [
        (one.id, one.unicode_name, one.status_at(now), one.valid_until, one.token.value if one.token else None,
         one.token.expires_at if one.token else None)
        for one in found
    ]  # fmt: skip
    columns = ("id", "domain", "status", "serves until (UTC)", "token", "token ends (UTC)")
    print_table(f"Domains of the Client {client}", columns, rows)


@domain.command("show")
def domain_show(directory: Directory, domain_id: DomainId, *, as_json: AsJson = False) -> None:
    """Show a domain, its token and what the last look-up saw."""
    from ca_core.validation import domains

    _show(reading(directory, lambda core: domains.get(core, domain_id, operator())), as_json=as_json)


@domain.command("validate")
def domain_validate(directory: Directory, domain_id: DomainId, *, as_json: AsJson = False) -> None:
    """Look for the domain's token in the DNS now; exit code 1 when control is not shown."""
    from ca_core.validation import domains
    from gateway.sources import system_sources

    looked = with_keys(directory, lambda core: domains.validate_now(core, domain_id, operator()))
    _show(looked, as_json=as_json)
    if looked.awaits_check_at(system_sources().now()):
        raise typer.Exit(1)


@domain.command("reset-token")
def domain_reset_token(directory: Directory, domain_id: DomainId, *, as_json: AsJson = False) -> None:
    """Give a domain a new token; the previous one shows nothing any more."""
    from ca_core.validation import domains

    _show(reading(directory, lambda core: domains.reset_token(core, domain_id, operator())), as_json=as_json)


@domain.command("delete-token")
def domain_delete_token(directory: Directory, domain_id: DomainId, *, as_json: AsJson = False) -> None:
    """Take a domain's token back; what is shown stays shown."""
    from ca_core.validation import domains

    _show(reading(directory, lambda core: domains.delete_token(core, domain_id, operator())), as_json=as_json)


@domain.command("delete")
def domain_delete(directory: Directory, domain_id: DomainId) -> None:
    """Delete a domain: from now on it serves no order."""
    from ca_core.validation import domains

    reading(directory, lambda core: domains.delete(core, domain_id, operator()))
    typer.echo(f"{domain_id} is deleted.")


@domain.command("pending")
def domain_pending(
    directory: Directory,
    *,
    client: ClientName = "default",
    order: Annotated[
        str | None, typer.Option("--order", metavar="ORD-ID", help="Only what holds this order up.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the names that orders wait for, and what would show control of each."""
    from ca_core.access.visibility import MAX_PAGE
    from ca_core.orders import pending_names

    async def act(core: "Core") -> Sequence["PendingName"]:
        if order is not None:
            return await pending_names.pending(core, operator(), order_id=order)
        client_id = await _client_id(core, client)
        return (await pending_names.search(core, operator(), client_id=client_id, limit=MAX_PAGE)).names

    _print_pending(reading(directory, act), as_json=as_json)


@domain.command("validate-order")
def domain_validate_order(
    directory: Directory, order_id: Annotated[str, typer.Argument(metavar="ORD-ID")], *, as_json: AsJson = False
) -> None:
    """Look now for control of the names that hold an order up; exit code 1 when some still do."""
    from ca_core.orders import pending_validation

    left = with_keys(directory, lambda core: pending_validation.validate(core, order_id, operator()))
    _print_pending(left, as_json=as_json)
    if left:
        raise typer.Exit(1)


def _print_pending(found: Sequence["PendingName"], *, as_json: bool) -> None:
    from gateway.console import print_json, print_table

    if as_json:
        print_json(found)
        return
    rows = [
        (one.order_id, one.name.value, way.method, " or ".join(way.places), way.value, one.expires_at,
         way.error.detail if way.error else "")
        for one in found
        for way in one.ways
    ]  # fmt: skip
    columns = ("order", "name", "method", "where", "value", "until (UTC)", "last look")
    print_table("Names that orders wait for", columns, rows)


async def _client_id(core: "Core", name: str) -> str:
    """Return the id of the Client; raises NOT_FOUND."""
    client = await core.store.read(lambda tx: tx.clients.by_name(name))
    if client is None:
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no Client {name}; see catalogue.toml.")
    return client.id


def _show(shown: "ClientDomain", *, as_json: bool) -> None:
    if as_json:
        from gateway.console import print_json

        print_json(_plain(shown))
    else:
        _print(shown)


def _print_json(found: list["ClientDomain"]) -> None:
    from gateway.console import print_json

    print_json([_plain(one) for one in found])


def _plain(one: "ClientDomain") -> dict[str, object]:
    from ca_core.validation.dns_change import places
    from ca_core.validation.domains import identifier_of
    from gateway.sources import system_sources

    now = system_sources().now()
    return {
        **vars(one),
        "unicode_name": one.unicode_name,
        "status": one.status_at(now),
        "records": list(places(identifier_of(one))),
    }


def _print(one: "ClientDomain") -> None:
    from ca_core.validation.dns_change import places
    from ca_core.validation.domains import identifier_of
    from gateway.console import print_facts
    from gateway.sources import system_sources

    now = system_sources().now()
    token = one.token if one.token is not None and one.token.usable_at(now) else None
    facts = {
        "domain": one.name,
        "in Unicode": one.unicode_name if one.unicode_name != one.name else None,
        "status": one.status_at(now),
        "shown (UTC)": one.validated_at,
        "serves until (UTC)": one.valid_until,
        "TXT record": " or ".join(places(identifier_of(one))) if token else None,
        "its value": token.value if token else None,
        "usable until (UTC)": token.expires_at if token else None,
        "last look (UTC)": one.checked_at,
        "seen": one.result,
    }
    print_facts(one.id, facts)
