"""``trivium cmc-client``: who may order over CMC, by what, and how long still."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from gateway.command_options import AsJson, Directory, choice, operator, reading, with_keys

if TYPE_CHECKING:
    from ca_core.core import Core
    from ca_core.model.cmc_clients import CmcClient
    from ca_core.model.store import Transaction
    from ca_core.orders.cmc_registration import RegisteredCmcClient
    from gateway.cmc_client_files import KeyMaterial

cmc_client = typer.Typer(help="CMC clients: mail gateways, appliances, scripts.", no_args_is_help=True)

_DEFAULT_RIGHTS = frozenset({CmcRight.ISSUE, CmcRight.REVOKE, CmcRight.QUERY})

Name = Annotated[str, typer.Argument(help="Its name: the identification of its shared secret.")]
Csr = Annotated[Path | None, typer.Option(help="Issue its certificate from this PKCS #10 request.")]
Cert = Annotated[Path | None, typer.Option(help="Take this certificate, issued elsewhere.")]
P12 = Annotated[Path | None, typer.Option(help="Make key and certificate, and write them to this file.")]
PasswordFile = Annotated[Path | None, typer.Option(help="The password of the PKCS #12 file.")]


@cmc_client.command("add")
def add(
    directory: Directory,
    name: Name,
    *,
    client: Annotated[str, typer.Option("--client", help="The Client it orders for.")] = "default",
    products: Annotated[
        list[str] | None,
        typer.Option("--product", help="A product it may order, the first by default; may be repeated. Without: all."),
    ] = None,
    rights: Annotated[
        list[str] | None,
        typer.Option("--right", help="issue, revoke, query, ra (registration authority); without: all but ra."),
    ] = None,
    csr: Csr = None,
    cert: Cert = None,
    p12: P12 = None,
    password_file: PasswordFile = None,
    secret: Annotated[bool, typer.Option("--secret", help="Share a secret with it, shown once.")] = False,
    sha1: Annotated[bool, typer.Option("--sha1", help="Let it sign with SHA-1.")] = False,
    networks: Annotated[
        list[str] | None,
        typer.Option("--from", help="An address or network it sends from; may be repeated. Without: any."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a CMC client with a dedicated certificate, a shared secret, or both."""
    from ca_core.orders.cmc_registration import CmcRegistration, new_secret, register
    from gateway import cmc_client_files

    wanted = _rights(rights) or _DEFAULT_RIGHTS
    material = cmc_client_files.key_material(name, csr=csr, cert=cert, p12=p12, password_file=password_file)

    async def run(core: "Core") -> tuple["RegisteredCmcClient", str | None]:
        shared = new_secret(core) if secret else None
        client_id, product_ids = await core.store.read(lambda tx: _orderable(tx, client, products or []))
        registration = CmcRegistration(
            name=name,
            client_id=client_id,
            product_ids=product_ids,
            rights=wanted,
            csr=material.csr,
            certificate=material.certificate,
            secret=shared,
            sha1=sha1,
            networks=tuple(networks or ()),
        )
        return await register(core, registration, operator()), shared

    _show(*with_keys(directory, run), material, as_json=as_json)


@cmc_client.command("change")
def change(
    directory: Directory,
    name: Name,
    *,
    products: Annotated[
        list[str] | None,
        typer.Option("--product", help="What it may order from now on, the first by default; may be repeated."),
    ] = None,
    rights: Annotated[
        list[str] | None, typer.Option("--right", help="What it may do from now on: issue, revoke, query, ra.")
    ] = None,
    csr: Csr = None,
    cert: Cert = None,
    p12: P12 = None,
    password_file: PasswordFile = None,
    secret: Annotated[
        bool | None, typer.Option("--secret/--no-secret", help="Share a new secret with it, shown once; or none.")
    ] = None,
    sha1: Annotated[bool | None, typer.Option("--sha1/--no-sha1", help="Let it sign with SHA-1, or no longer.")] = None,
    networks: Annotated[
        list[str] | None,
        typer.Option("--from", help="What it sends from, from now on; may be repeated. `any` alone: from anywhere."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a CMC client a new certificate or secret, other products or rights; what is not named stays as it is."""
    from ca_core.access.cmc_clients import by_name
    from ca_core.orders.cmc_registration import CmcChange, new_secret
    from ca_core.orders.cmc_registration import change as change_in_core
    from gateway import cmc_client_files

    wanted = _rights(rights)
    material = cmc_client_files.key_material(name, csr=csr, cert=cert, p12=p12, password_file=password_file)

    def product_ids(tx: "Transaction") -> tuple[str, ...] | None:
        client = tx.clients.get(by_name(tx, name, operator(), Permission.CMC_CLIENT_UPDATE).client_id)
        return _orderable(tx, client.name if client else "", products)[1] if products else None

    async def run(core: "Core") -> tuple["RegisteredCmcClient", str | None]:
        shared = new_secret(core) if secret else None if secret is None else ""
        changes = CmcChange(
            product_ids=await core.store.read(product_ids),
            rights=wanted or None,
            csr=material.csr,
            certificate=material.certificate,
            secret=shared,
            sha1=sha1,
            networks=None if networks is None else () if networks == ["any"] else tuple(networks),
        )
        return await change_in_core(core, name, changes, operator()), shared

    _show(*with_keys(directory, run), material, as_json=as_json)


@cmc_client.command("list")
def list_clients(directory: Directory, *, as_json: AsJson = False) -> None:
    """List the CMC clients, with who still uses SHA-1 and whose certificate ends when."""
    from ca_core.access.cmc_clients import listing
    from ca_core.orders import cmc_expiry
    from gateway.console import print_json, print_table
    from gateway.sources import system_sources

    async def read(core: "Core") -> tuple[list["CmcClient"], dict[str, str], dict[str, str]]:
        found = await listing(core, operator())
        clients, products = await core.store.read(lambda tx: (tx.clients.all(), tx.products.all(None)))
        return found, {one.id: one.name for one in clients}, {one.id: one.name for one in products}

    found, clients, products = reading(directory, read)
    now = system_sources().now()
    rows = [
        {
            "reference": one.id,
            "name": one.name,
            "client": clients[one.client_id],
            "products": [products.get(product_id, product_id) for product_id in one.product_ids],
            "rights": sorted(one.rights),
            "not_after": cmc_expiry.end_of(one),
            "ending": cmc_expiry.threshold(one, now) is not None,
            "secret": one.sealed_secret is not None,
            "sha1": one.sha1,
            "sha1_used_at": one.sha1_used_at,
            "networks": one.networks,
            "disabled": one.disabled,
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = (
        *("reference", "name", "Client", "products", "rights", "certificate until", "renew it", "secret", "SHA-1"),
        *("SHA-1 used", "from", "disabled"),
    )
    print_table("CMC clients", columns, [tuple(row.values()) for row in rows])


@cmc_client.command("disable")
def disable(directory: Directory, name: Name) -> None:
    """End a CMC client; what it ordered stays."""
    from ca_core.access.cmc_clients import disable as disable_in_core

    reading(directory, lambda core: disable_in_core(core, name, operator()))
    typer.echo(f"{name} is disabled.")


@cmc_client.command("enable")
def enable(directory: Directory, name: Name) -> None:
    """Let a CMC client that was disabled go on."""
    from ca_core.access.cmc_clients import enable as enable_in_core

    reading(directory, lambda core: enable_in_core(core, name, operator()))
    typer.echo(f"{name} is enabled.")


def _rights(given: list[str] | None) -> frozenset[CmcRight]:
    return frozenset(CmcRight(choice("--right", right, CmcRight)) for right in given or ())


def _orderable(tx: "Transaction", client_name: str, product_names: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return the ids of a Client and of products of its by their names, without names of all; raises NOT_FOUND."""
    from ca_core.model.products import Road

    client = tx.clients.by_name(client_name)
    if client is None:
        raise TriviumError(ErrorKind.NOT_FOUND, f"There is no Client {client_name}; see catalogue.toml.")
    over_cmc = [product for product in tx.products.all(frozenset({client.id})) if Road.CMC in product.roads]
    orderable = {product.name: product.id for product in sorted(over_cmc, key=lambda one: one.name)}
    for wanted in product_names:
        if wanted not in orderable:
            known = ", ".join(orderable) or "none"
            detail = f"The Client {client_name} orders no product {wanted} over CMC; it has: {known}."
            raise TriviumError(ErrorKind.NOT_FOUND, detail)
    return client.id, tuple(orderable[wanted] for wanted in product_names or orderable)


def _show(registered: "RegisteredCmcClient", secret: str | None, material: "KeyMaterial", *, as_json: bool) -> None:
    """Write the PKCS #12 file, if one was asked for, and print what the client is to be told."""
    from ca_core.certificates.chain import pem_certificate
    from gateway.console import print_facts, print_json

    made = registered.cmc_client
    p12 = material.write_p12(made.name, made.certificate or b"", registered.chain)
    facts = {
        "reference": made.id,
        "name": made.name,
        "certificate": pem_certificate(made.certificate) if made.certificate else None,
        "chain": "".join(pem_certificate(der) for der in registered.chain) or None,
        "p12": None if p12 is None else str(p12),
        "secret": secret or None,
    }
    if as_json:
        print_json({fact: value for fact, value in facts.items() if value is not None})
        return
    print_facts(f"The CMC client {made.name}", facts)
