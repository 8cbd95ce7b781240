"""``trivium cmc-client``: who may order over CMC. ``trivium cmc process``: messages in files (RFC 10003 section 4)."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.command_options import AsJson, Directory, choice, operator, reading, with_keys

if TYPE_CHECKING:
    from ca_core.core import Core
    from ca_core.model.cmc_clients import CmcClient
    from ca_core.model.store import Transaction
    from ca_core.orders.cmc_registration import CmcRegistration

cmc_client = typer.Typer(help="CMC clients: mail gateways, appliances, scripts.", no_args_is_help=True)
cmc = typer.Typer(help="CMC messages in files.", no_args_is_help=True)

_DEFAULT_RIGHTS = [CmcRight.ISSUE, CmcRight.REVOKE, CmcRight.QUERY]


@cmc_client.command("add")
def add(
    directory: Directory,
    name: Annotated[str, typer.Argument(help="Its name: the identification of its shared secret.")],
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
    csr: Annotated[Path | None, typer.Option(help="Issue its certificate from this PKCS #10 request.")] = None,
    cert: Annotated[Path | None, typer.Option(help="Take this certificate, issued elsewhere.")] = None,
    p12: Annotated[Path | None, typer.Option(help="Make key and certificate, and write them to this file.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="The password of the PKCS #12 file.")] = None,
    secret: Annotated[bool, typer.Option("--secret", help="Share a secret with it, shown once.")] = False,
    sha1: Annotated[bool, typer.Option("--sha1", help="Let it sign with SHA-1.")] = False,
    as_json: AsJson = False,
) -> None:
    """Register a CMC client with a dedicated certificate, a shared secret, or both."""
    from dataclasses import replace

    from ca_core.certificates.chain import pem_certificate
    from ca_core.orders.cmc_registration import SECRET_BYTES, RegisteredCmcClient, register
    from gateway import cmc_files
    from gateway.console import print_facts, print_json
    from gateway.sources import system_sources

    wanted = [CmcRight(choice("--right", right, CmcRight)) for right in rights or ()] or _DEFAULT_RIGHTS
    key, request, certificate = cmc_files.key_material(name, csr=csr, cert=cert, p12=p12, password_file=password_file)
    shared = base64.b32encode(system_sources().entropy.token(SECRET_BYTES)).decode() if secret else None

    async def run(core: "Core") -> RegisteredCmcClient:
        registration = await core.store.read(lambda tx: _registration(tx, name, client, products or []))
        registration = replace(
            registration, rights=frozenset(wanted), csr=request, certificate=certificate, secret=shared, sha1=sha1
        )
        return await register(core, registration, operator())

    registered = with_keys(directory, run)
    made = registered.cmc_client
    if key is not None and p12 is not None and password_file is not None:
        cmc_files.write_p12(p12, password_file, name, key, made.certificate or b"", registered.chain)
    facts = {
        "reference": made.id,
        "name": made.name,
        "certificate": pem_certificate(made.certificate) if made.certificate else None,
        "chain": "".join(pem_certificate(der) for der in registered.chain) or None,
        "p12": str(p12) if p12 else None,
        "secret": shared,
    }
    if as_json:
        print_json({fact: value for fact, value in facts.items() if value is not None})
        return
    print_facts(f"The CMC client {name} of the Client {client}", facts)


@cmc_client.command("list")
def list_clients(directory: Directory, *, as_json: AsJson = False) -> None:
    """List the CMC clients, with who still uses SHA-1 and whose certificate ends when."""
    from cryptography import x509

    from gateway.console import print_json, print_table

    async def read(core: "Core") -> tuple[list["CmcClient"], dict[str, str]]:
        found, clients = await core.store.read(lambda tx: (tx.cmc_clients.all(None), tx.clients.all()))
        return found, {one.id: one.name for one in clients}

    found, clients = reading(directory, read)
    rows = [
        {
            "reference": one.id,
            "name": one.name,
            "client": clients[one.client_id],
            "rights": sorted(one.rights),
            "not_after": (
                x509.load_der_x509_certificate(one.certificate).not_valid_after_utc if one.certificate else None
            ),
            "sha1": one.sha1,
            "sha1_used_at": one.sha1_used_at,
            "disabled": one.disabled,
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("reference", "name", "Client", "rights", "certificate until", "SHA-1", "SHA-1 used", "disabled")
    print_table("CMC clients", columns, [tuple(row.values()) for row in rows])


@cmc_client.command("disable")
def disable(directory: Directory, name: str) -> None:
    """End a CMC client; what it ordered stays."""
    from ca_core.access.cmc_clients import disable as disable_in_core

    reading(directory, lambda core: disable_in_core(core, name, operator()))
    typer.echo(f"{name} is disabled.")


@cmc.command("process")
def process(
    directory: Directory,
    request: Annotated[Path, typer.Argument(metavar="IN.crq")],
    answer: Annotated[Path, typer.Argument(metavar="OUT.crp")],
) -> None:
    """Answer the CMC message in a file, as the gateway would over HTTP."""
    from gateway import cmc_files

    with_keys(directory, lambda core: cmc_files.process(core, request, answer))
    typer.echo(f"The answer is in {answer}.")


def _registration(tx: "Transaction", name: str, client_name: str, product_names: list[str]) -> "CmcRegistration":
    """Find Client and products by their names; raises NOT_FOUND."""
    from ca_core.model.products import Road
    from ca_core.orders.cmc_registration import CmcRegistration

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
    return CmcRegistration(
        name=name,
        client_id=client.id,
        product_ids=tuple(orderable[wanted] for wanted in product_names or orderable),
        rights=frozenset(),
    )
