"""The ``trivium`` command: thin, one function a subcommand. Each imports what it needs, so that ``--help`` is quick."""

# ruff: noqa: PLC0415 - see above

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.errors import TriviumError
from gateway import approval_commands, import_command, sign_in_commands
from gateway.account_commands import account, eab
from gateway.api_key_commands import api_key
from gateway.certificate_commands import certificate
from gateway.client_commands import client
from gateway.cmc_client_commands import cmc_client
from gateway.cmc_commands import cmc
from gateway.command_options import AnyDirectory, AsJson, Directory, Limit, choice, operator, reading, with_keys
from gateway.domain_commands import domain
from gateway.user_commands import role, user

if TYPE_CHECKING:
    from ca_core.core import Core

app = typer.Typer(
    name="trivium",
    help="A certification authority gateway: ACME, CMC and REST over one order pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
order = typer.Typer(help="Look at orders.", no_args_is_help=True)
product = typer.Typer(help="Look at products.", no_args_is_help=True)
app.add_typer(order, name="order")
app.add_typer(product, name="product")
app.add_typer(account, name="account")
app.add_typer(certificate, name="certificate")
app.add_typer(eab, name="eab")
app.add_typer(cmc_client, name="cmc-client")
app.add_typer(cmc, name="cmc")
app.add_typer(domain, name="domain")
app.add_typer(user, name="user")
app.add_typer(role, name="role")
app.add_typer(api_key, name="api-key")
app.add_typer(client, name="client")
approval_commands.add_to(app)
sign_in_commands.add_to(app)
import_command.add_to(app)


def main() -> None:
    """Run the command; what fails is one sentence and exit code 1."""
    try:
        app()
    except TriviumError as error:
        from gateway.console import print_error

        print_error(error.detail)
        sys.exit(1)


@app.command()
def init(
    directory: Directory,
    *,
    name: Annotated[
        str, typer.Option(help="Name of the CA: its certificates' common names begin with it.")
    ] = "Trivium",
    algorithm: Annotated[
        str, typer.Option(help="Algorithm of the CA keys: p256, p384, rsa3072, ed25519, mldsa44, mldsa65, mldsa87.")
    ] = "p256",
    key: Annotated[str, typer.Option(help="Where the issuing CA's key is: software or pkcs11.")] = "software",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting; `trivium settings` lists them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an installation: root and issuing CA, database, a first Client and product."""
    from ca_core.keys.signer import KeyAlgorithm
    from gateway.console import print_facts, print_json
    from gateway.initialise import Wish, initialise
    from gateway.passphrase import root_passphrase
    from gateway.sources import system_sources

    wish = Wish(
        name=name,
        algorithm=KeyAlgorithm(choice("--algorithm", algorithm, KeyAlgorithm)),
        key_in_token=choice("--key", key, ("software", "pkcs11")) == "pkcs11",
        root_passphrase=root_passphrase(os.environ, confirm=True),
        assignments=tuple(assignments or ()),
    )
    made = initialise(directory, wish, system_sources(), operator(), os.environ)
    facts = {
        "directory": str(made.installation.directory),
        "acme": made.installation.settings.acme_base,
        "root": str(made.installation.root_certificate_file),
        "root_key": str(made.installation.root_key_file),
        "root_passphrase": made.generated_passphrase,
        "user": made.account.user.name,
        "api_key": made.account.key.secret if made.account.key else None,
    }
    if as_json:
        print_json(facts)
        return
    print_facts(f"{name} is ready", {**facts, "next": f"trivium serve --dir {directory}"})
    typer.echo(
        "\nThe API key is the service account's of the Client `default`. It is shown once, as is the passphrase:"
    )
    typer.echo("write down what you need, for nobody can tell it again.")
    typer.echo("Move the root key to a safe place: serving does not need it.")


@app.command()
def serve(
    directory: Directory,
    *,
    server: Annotated[str, typer.Option(help="hypercorn, or uvicorn, which is faster.")] = "hypercorn",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
) -> None:
    """Run the gateway until Ctrl-C or SIGTERM."""
    from gateway import catalogue, hostile, logs
    from gateway.console import print_facts
    from gateway.installation import Installation
    from gateway.listener import ServerKind
    from gateway.sources import system_sources
    from gateway.supervisor import Supervisor

    kind = ServerKind(choice("--server", server, ServerKind))
    installation = Installation.open(directory)
    content = catalogue.read(installation.catalogue_file, system_sources().now())
    switches = installation.settings.hostile
    hostile.refuse_public(switches, (item.policy for item in content.products))
    if switches.on:
        typer.secho(hostile.warning(switches), err=True, bold=True, fg="red")
    logs.configure(installation.settings.log.level)
    os.umask(0o077)

    def announce(endpoints: dict[str, str]) -> None:
        print_facts(f"Trivium answers ({kind}, {workers} worker{'s' if workers > 1 else ''})", endpoints)
        typer.echo("Ctrl-C ends it.")

    asyncio.run(Supervisor(installation, server=kind, workers=workers, announce=announce).run())


@order.command("list")
def order_list(
    directory: Directory,
    *,
    state: Annotated[list[str] | None, typer.Option(help="Only orders in this state; may be repeated.")] = None,
    road: Annotated[list[str] | None, typer.Option(help="Only orders over this road; may be repeated.")] = None,
    identifier: Annotated[str | None, typer.Option(help="Only orders for this name.")] = None,
    text: Annotated[
        str | None,
        typer.Option(help="Only orders with this in names, subject, tags or comment; ? and * stand for any."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only orders with this tag; all of them, if repeated.")] = None,
    serial: Annotated[
        str | None, typer.Option(help="Only the order of the certificate with this serial, in hex.")
    ] = None,
    after: Annotated[str | None, typer.Option(help="The order that the page continues behind.")] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Begin with the oldest.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List orders, newest first."""
    from ca_core.certificates.serials import parse_serial
    from ca_core.model.orders import OrderState
    from ca_core.model.products import Road
    from ca_core.model.repositories.orders import OrderSearch, OrderSort
    from ca_core.orders.search import page
    from gateway.console import print_json, print_table

    states = None if not state else frozenset(OrderState(choice("--state", name, OrderState)) for name in state)
    query = OrderSearch(
        client_ids=None,
        states=states,
        roads=None if not road else frozenset(Road(choice("--road", name, Road)) for name in road),
        identifier=identifier,
        text=text,
        tags=tuple(tag or ()),
        serial=None if serial is None else parse_serial(serial),
        sort=OrderSort.OLDEST if oldest_first else OrderSort.NEWEST,
        after=after,
        limit=limit,
    )
    found = [one.order for one in reading(directory, lambda core: page(core, query, operator())).orders]
    if as_json:
        print_json(found)
        return
    rows = [
        (item.id, item.state, item.road, item.created_at, [name.value for name in item.identifiers]) for item in found
    ]
    print_table("Orders", ("id", "state", "road", "created (UTC)", "identifiers"), rows)


@order.command("show")
def order_show(directory: Directory, order_id: str, *, as_json: AsJson = False) -> None:
    """Show an order, its authorizations and its jobs."""
    from gateway.console import print_json
    from gateway.explain import order_with_jobs, print_order

    shown = reading(directory, lambda core: order_with_jobs(core, order_id, operator()))
    if as_json:
        print_json(shown)
    else:
        print_order(shown)


@app.command()
def explain(
    directory: Directory, object_id: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False
) -> None:
    """Say what an id stands for and what happened to it: ord-, err-, aud-, crt-, acc-, job- and so on."""
    from gateway.console import print_json
    from gateway.explain import explained, print_explanation

    explanation = reading(directory, lambda core: explained(core, object_id))
    if as_json:
        print_json(explanation)
    else:
        print_explanation(explanation)


@product.command("list")
def product_list(directory: Directory, *, as_json: AsJson = False) -> None:
    """List the products of every Client."""
    from gateway.console import print_json, print_table

    async def read(core: "Core") -> tuple[list, dict[str, str]]:  # type: ignore[type-arg]
        found, clients = await core.store.read(lambda tx: (tx.products.all(None), tx.clients.all()))
        return found, {client.id: client.name for client in clients}

    found, clients = reading(directory, read)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            item.id,
            clients[item.client_id],
            item.name,
            sorted(item.roads),
            item.policy.profile.kind,
            item.version[:12],
            item.description,
        )
        for item in found
    ]
    print_table("Products", ("id", "Client", "name", "roads", "kind", "version", "description"), rows)


@app.command()
def crl(
    directory: Directory,
    *,
    new: Annotated[bool, typer.Option("--new", help="Publish a new CRL of each issuing CA now.")] = False,
    root: Annotated[
        bool, typer.Option("--root", help="Publish a new CRL of the root: needs its key and passphrase.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the CRLs; publish new ones."""
    from gateway.console import print_json, print_table
    from gateway.crls import crls, publish_issuing, publish_root
    from gateway.installation import Installation

    installation = Installation.open(directory)
    if root:
        asyncio.run(publish_root(installation, os.environ, operator()))
    if new:
        asyncio.run(publish_issuing(installation, os.environ))
    found = reading(directory, crls)
    if as_json:
        print_json(found)
        return
    rows = [(item.issuer, item.number, item.this_update, item.next_update, item.url) for item in found]
    print_table("CRLs", ("issuer", "number", "this update (UTC)", "next update (UTC)", "URL"), rows)


@app.command()
def apply(
    directory: Directory,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put catalogue.toml into the store; applying it twice changes nothing."""
    from ca_core.catalogue.application import Applied
    from ca_core.catalogue.application import apply as apply_in_core
    from ca_core.catalogue.changes import Change, changes
    from gateway import catalogue, hostile
    from gateway.console import print_facts, print_json, print_table
    from gateway.installation import Installation
    from gateway.sources import system_sources

    installation = Installation.open(directory)
    sources = system_sources()
    content = catalogue.read(installation.catalogue_file, sources.now())
    hostile.refuse_public(installation.settings.hostile, (item.policy for item in content.products))
    issuer_of = catalogue.issuer_from_files(installation.directory, sources)

    async def look(core: "Core") -> list[Change]:
        return await core.store.read(lambda tx: list(changes(tx, content, issuer_of, sources)))

    async def act(core: "Core") -> Applied:
        return await core.store.write(lambda tx: apply_in_core(core, tx, content, issuer_of, operator()))

    applied = Applied(changes=tuple(reading(directory, look)), accounts=())
    if applied.changes and not check:
        applied = with_keys(directory, act)
    accounts = [{"user": made.user.name, "api_key": made.key.secret} for made in applied.accounts if made.key]
    if as_json:
        summaries = [change.summary for change in applied.changes]
        print_json({"changes": summaries, "accounts": accounts} if accounts else summaries)
        return
    rows = [
        row
        for change in applied.changes
        for row in ((change.summary, "", "", ""), *(("", *vars(one).values()) for one in change.differences))
    ]
    print_table("Would change" if check else "Changed", ("what", "member", "before", "after"), rows)
    for opened in accounts:
        print_facts("A service account, its API key shown once", opened)


@app.command()
def settings(directory: AnyDirectory = None, *, as_json: AsJson = False) -> None:
    """List every setting with its default and why, and with its value in an installation."""
    from gateway.console import print_json, print_table
    from gateway.settings_file import documented, load

    found = documented(load(directory) if directory else None)
    if as_json:
        print_json(found)
        return
    rows = [
        (item.key, item.default, item.value or "", item.description + (" At init only." if item.at_init_only else ""))
        for item in found
    ]
    print_table("Settings", ("key", "default", "here", "what it does, and why"), rows)


@app.command()
def doctor(directory: Directory, *, as_json: AsJson = False) -> None:
    """Look for what is wrong with an installation, and say what to do; exit code 1 when something is."""
    from gateway.console import print_json
    from gateway.doctor import examine, print_findings

    findings = asyncio.run(examine(directory.absolute(), os.environ))
    if as_json:
        print_json(findings)
    else:
        print_findings(findings)
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)
