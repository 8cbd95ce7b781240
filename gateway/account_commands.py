"""``trivium eab`` and ``trivium account``: ACME accounts, and the keys they are bound with (RFC 8555 section 7.3)."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.command_options import AsJson, Directory, Limit, choice, operator, reading, with_keys

if TYPE_CHECKING:
    from ca_core.access.external_account_keys import ExternalAccountKeyRequest
    from ca_core.core import Core
    from ca_core.model.accounts import Account
    from ca_core.model.authorizations import FoundChallenge
    from ca_core.model.external_accounts import ExternalAccountKey
    from ca_core.model.store import Transaction

account = typer.Typer(help="Look at ACME accounts, and end them.", no_args_is_help=True)
eab = typer.Typer(help="Keys for the external account binding of ACME accounts.", no_args_is_help=True)

OfClient = Annotated[str | None, typer.Option("--client", help="Only those of this Client.")]
Before = Annotated[str | None, typer.Option(help="Only what is older than this one: the next page.")]
ClientName = Annotated[str, typer.Option("--client", help="The Client that accounts of the key belong to.")]


@eab.command("create")
def eab_create(
    directory: Directory,
    *,
    client: ClientName = "default",
    products: Annotated[
        list[str] | None,
        typer.Option(
            "--product",
            help="A product that accounts of the key may order, the first by default; may be repeated. Without it: "
            "every product that the Client orders over ACME.",
        ),
    ] = None,
    reusable: Annotated[bool, typer.Option("--reusable", help="Bind any number of accounts, not one.")] = False,
    comment: Annotated[str, typer.Option(help="For whom, and why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key: its identifier and HMAC key, which is shown once."""
    from ca_core.access import external_account_keys
    from gateway.console import print_facts, print_json

    async def create(core: "Core") -> tuple["ExternalAccountKey", bytes]:
        request = await core.store.read(
            lambda tx: _request(tx, client, products or [], reusable=reusable, comment=comment)
        )
        return await external_account_keys.create(core, request, operator())

    key, secret = with_keys(directory, create)
    facts = {"kid": key.id, "hmac": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}
    if as_json:
        print_json(facts)
        return
    print_facts(f"A key for {'accounts' if reusable else 'one account'} of the Client {client}", facts)
    typer.echo(f"\nFor certbot: --eab-kid {facts['kid']} --eab-hmac-key {facts['hmac']}")
    typer.echo("Pass the HMAC key on by a safe way now: it is shown once, and nobody can tell it again.")


@eab.command("list")
def eab_list(
    directory: Directory,
    *,
    client: OfClient = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the keys, newest first."""
    from ca_core.access import external_account_keys
    from gateway.console import print_json, print_table

    async def search(core: "Core") -> tuple[list["ExternalAccountKey"], dict[str, str]]:
        clients, only = await _clients(core, client)
        found = await external_account_keys.search(core, operator(), client_ids=only, before=before, limit=limit)
        return found, clients

    found, clients = reading(directory, search)
    if as_json:
        print_json([{"status": key.status, **vars(key)} for key in found])
        return
    rows = [
        (key.id, clients[key.client_id], key.status, "reusable" if key.reusable else "one-time", key.created_at,
         key.used_at, key.comment)
        for key in found
    ]  # fmt: skip
    print_table(
        "External account keys",
        ("kid", "Client", "status", "kind", "created (UTC)", "used (UTC)", "comment"),
        rows,
    )


@eab.command("revoke")
def eab_revoke(directory: Directory, key_id: Annotated[str, typer.Argument(metavar="KID")]) -> None:
    """End a key; the accounts that it has bound stay."""
    from ca_core.access import external_account_keys

    reading(directory, lambda core: external_account_keys.revoke(core, key_id, operator()))
    typer.echo(f"{key_id} is revoked.")


@account.command("list")
def account_list(
    directory: Directory,
    *,
    client: OfClient = None,
    status: Annotated[str | None, typer.Option(help="Only accounts of this status.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only accounts with this in a contact.")] = None,
    thumbprint: Annotated[str | None, typer.Option(help="Only the account of this key (RFC 7638).")] = None,
    key: Annotated[
        Path | None, typer.Option(help="Only the account of the key in this file of a client's: a JWK, or PEM.")
    ] = None,
    kid: Annotated[str | None, typer.Option(help="Only accounts bound with this external account key.")] = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List ACME accounts, newest first."""
    from ca_core.access.queries import accounts
    from ca_core.model.accounts import AccountStatus
    from ca_core.model.repositories.accounts import AccountSearch
    from gateway.account_key_file import thumbprint_of
    from gateway.console import print_json, print_table

    async def search(core: "Core") -> tuple[list["Account"], dict[str, str]]:
        clients, only = await _clients(core, client)
        query = AccountSearch(
            client_ids=only,
            status=None if status is None else AccountStatus(choice("--status", status, AccountStatus)),
            contact=contact,
            thumbprint=thumbprint if key is None else thumbprint_of(key),
            external_account_key_id=kid,
            before=before,
            limit=limit,
        )
        return await accounts(core, query, operator()), clients

    found, clients = reading(directory, search)
    if as_json:
        print_json(found)
        return
    rows = [
        (item.id, clients[item.client_id], item.status, item.created_at, item.binding.key_id if item.binding else "",
         item.contacts)
        for item in found
    ]  # fmt: skip
    print_table("ACME accounts", ("id", "Client", "status", "created (UTC)", "bound with", "contacts"), rows)


@account.command("show")
def account_show(directory: Directory, account_id: str, *, as_json: AsJson = False) -> None:
    """Show an ACME account and the names that it has shown control of."""
    from ca_core.access.queries import account as get_account
    from ca_core.access.queries import enrolled_domains
    from ca_core.model.repositories.authorizations import ChallengeSearch
    from gateway.console import print_facts, print_json, print_table

    async def read(core: "Core") -> tuple["Account", list["FoundChallenge"]]:
        shown = await get_account(core, account_id, operator())
        query = ChallengeSearch(client_ids=None, account_id=account_id)
        return shown, await enrolled_domains(core, query, operator())

    shown, domains = reading(directory, read)
    if as_json:
        print_json({"account": shown, "domains": domains})
        return
    facts = {
        "status": shown.status,
        "Client": shown.client_id,
        "product": shown.product_id,
        "contacts": shown.contacts,
        "thumbprint": shown.thumbprint,
        "bound with": shown.binding.key_id if shown.binding else None,
        "created (UTC)": shown.created_at,
    }
    print_facts(shown.id, facts)
    rows = [
        (f"*.{item.identifier.value}" if item.wildcard else item.identifier.value, item.method, item.validated_at,
         item.expires_at)
        for item in domains
    ]  # fmt: skip
    print_table("\nControl is shown of", ("name", "method", "since (UTC)", "until (UTC)"), rows)


@account.command("deactivate")
def account_deactivate(directory: Directory, account_id: str) -> None:
    """End an ACME account for ever; its orders that wait are stopped."""
    from ca_core.access.accounts import revoke

    ended = reading(directory, lambda core: revoke(core, account_id, operator()))
    typer.echo(f"{ended.id} is {ended.status}.")


async def _clients(core: "Core", name: str | None) -> tuple[dict[str, str], frozenset[str] | None]:
    """Return every Client's name by its id, and the ids of those to look at; raises NOT_FOUND for an unknown name."""
    clients = {client.id: client.name for client in await core.store.read(lambda tx: tx.clients.all())}
    if name is None:
        return clients, None
    if name not in clients.values():
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no Client {name}; it has: {', '.join(clients.values())}.")
    return clients, frozenset(key for key, known in clients.items() if known == name)


def _request(
    tx: "Transaction", client_name: str, product_names: list[str], *, reusable: bool, comment: str
) -> "ExternalAccountKeyRequest":
    """Find Client and products by their names; raises NOT_FOUND."""
    from ca_core.access.external_account_keys import ExternalAccountKeyRequest
    from gateway.directories import products_over_acme

    client = tx.clients.by_name(client_name)
    if client is None:
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no Client {client_name}; see catalogue.toml.")
    orderable = {product.name: product.id for product in products_over_acme(tx, client.id)}
    for name in product_names:
        if name not in orderable:
            known = ", ".join(orderable) or "none"
            detail = f"The Client {client_name} orders no product {name} over ACME; it has: {known}."
            raise TriviumError(ErrorKind.NOT_FOUND, detail)
    return ExternalAccountKeyRequest(
        client_id=client.id,
        product_ids=tuple(orderable[name] for name in product_names or orderable),
        reusable=reusable,
        comment=comment,
    )
