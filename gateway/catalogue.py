"""``catalogue.toml``: issuers, Clients, products and roles of an installation, read strictly and put into the store.

The schema is the domain's own types, so there is one list of what a policy can say. Everything is known by its name;
applying the file twice changes nothing the second time, and nothing that is missing from it is deleted.
"""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import TypeAdapter, ValidationError

from ca_core.access.clients import SERVICE_ROLE, open_account
from ca_core.access.users import MadeUser
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer, IssuerKind
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.products import Policy, Product, Road
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.users import Role
from gateway.catalogue_checks import check
from gateway.settings_file import what_is_wrong
from gateway.toml_lines import TomlLines


@dataclass(frozen=True, kw_only=True)
class IssuerEntry:
    """An issuer. ``certificate`` and the chains are PEM files in the installation; ``key`` is its key reference.

    ``chain`` goes from the certificate's issuer up, without the root; an alternate chain is complete, from the issuing
    certificate upward.
    """

    id: str
    name: str
    kind: IssuerKind
    certificate: str
    chain: tuple[str, ...] = ()
    alternate_chains: tuple[tuple[str, ...], ...] = ()
    key: str = ""
    crl_url: str
    ocsp_url: str = ""
    certificate_url: str


@dataclass(frozen=True, kw_only=True)
class ClientEntry:
    """A Client. ``suspended`` suspends it; false leaves it as it is, for `trivium client suspend` does so too.

    ``service_account``: a user of that kind, with a key, is made when the Client is.
    """

    name: str
    description: str = ""
    suspended: bool = False
    service_account: bool = True
    settings: ClientSettings = dataclasses.field(default_factory=ClientSettings)


@dataclass(frozen=True, kw_only=True)
class RoleEntry:
    """A role. One that is ``for_every_client`` may be given to a user without naming a Client."""

    name: str
    description: str = ""
    for_every_client: bool = False
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, kw_only=True)
class ProductEntry:
    """A product; ``client`` and ``issuer`` are names."""

    name: str
    client: str
    issuer: str
    description: str = ""
    roads: tuple[Road, ...]
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The content of the file, its own references checked."""

    issuers: tuple[IssuerEntry, ...] = ()
    clients: tuple[ClientEntry, ...] = ()
    products: tuple[ProductEntry, ...] = ()
    roles: tuple[RoleEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between the catalogue and the store, and how to remove it."""

    action: str
    object_id: str
    client_id: str | None
    summary: str
    carry_out: Callable[[Transaction], None]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying a catalogue has changed, and the service accounts of new Clients, whose keys are shown once."""

    changes: tuple[Change, ...]
    accounts: tuple[MadeUser, ...]


_CATALOGUE = TypeAdapter(Catalogue)


def read(path: Path, now: datetime) -> Catalogue:
    """Read and check the file as of ``now`` (UTC); raises MALFORMED with a sentence that names the key."""
    try:
        return parse(path.read_text("utf-8"), str(path), now)
    except FileNotFoundError:
        raise TriviumError(ErrorKind.NOT_FOUND, f"{path} does not exist; `trivium init` makes it.") from None


def parse(text: str, where: str, now: datetime) -> Catalogue:
    """Check the text of a catalogue; ``where`` starts the sentence of what is refused. Raises MALFORMED."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: this is not TOML: {error}.") from error
    try:
        # Through JSON, in which strict mode takes lists for tuples and strings for enums, but 1 not for true.
        catalogue = _CATALOGUE.validate_json(json.dumps(values, default=str), strict=True, extra="forbid")
    except ValidationError as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: {what_is_wrong(error, [])}") from error
    sentences = list(check(catalogue, now, TomlLines(text)))
    if sentences:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: {' '.join(sentences)}")
    return catalogue


def toml(catalogue: Catalogue) -> str:
    """Write the catalogue as a file for people to edit."""
    head = (
        "# Issuers, Clients, products and roles. `trivium apply` puts them into the store; an unknown key is refused.\n"
    )
    tables = [
        _table(dataclasses.asdict(item), name, repeated=True)
        for name in ("issuers", "clients", "products", "roles")
        for item in getattr(catalogue, name)
    ]
    return "\n".join([head, *tables])


def apply(core: Core, tx: Transaction, catalogue: Catalogue, directory: Path, principal: Principal) -> Applied:
    """Carry out what :func:`changes` finds, with an audit record for each. Raises MALFORMED, CONFLICT."""
    made: list[Change] = []
    for change in changes(tx, catalogue, directory, core.sources):
        change.carry_out(tx)
        record = entry(core.sources, principal, change.action, change.object_id, client_id=change.client_id)
        tx.audit.append([record])
        made.append(change)
    added = {change.object_id for change in made if change.action == "client.add"}
    wanted = {item.name for item in catalogue.clients if item.service_account}
    opened = [client for client in tx.clients.all() if client.id in added and client.name in wanted]
    # A catalogue from before there were roles has none that an account could have.
    accounts = [open_account(core, tx, client, principal) for client in opened if tx.roles.get(SERVICE_ROLE)]
    return Applied(changes=tuple(made), accounts=tuple(accounts))


def changes(tx: Transaction, catalogue: Catalogue, directory: Path, sources: Sources) -> Iterator[Change]:
    """Yield what differs between the catalogue and the store: issuers, Clients, products, roles."""
    issuers = {issuer.name: issuer for issuer in tx.issuers.all()}
    for issuer_entry in catalogue.issuers:
        issuer = _issuer(issuer_entry, directory, sources)
        known = issuers.setdefault(issuer.name, issuer)
        if known is issuer:
            yield Change(
                action="issuer.add",
                object_id=issuer.id,
                client_id=None,
                summary=f"add issuer {issuer.name}",
                carry_out=lambda tx, issuer=issuer: tx.issuers.add(issuer),  # type: ignore[misc]
            )
        elif dataclasses.replace(issuer, created_at=known.created_at) != known:
            raise TriviumError(
                ErrorKind.CONFLICT,
                f"The issuer {issuer.name} differs from what it is in the store, and an issuer never changes: its "
                "certificates say what it was. Add another one under a new name.",
            )
    clients: dict[str, Client] = {client.name: client for client in tx.clients.all()}
    for client_entry in catalogue.clients:
        yield from _client_changes(client_entry, clients, sources)
    stored = {(product.client_id, product.name): product for product in tx.products.all(None)}
    for product_entry in catalogue.products:
        client_id = clients[product_entry.client].id
        known_product = stored.get((client_id, product_entry.name))
        yield from _product_changes(product_entry, client_id, issuers[product_entry.issuer].id, known_product, sources)
    roles = {role.name: role for role in tx.roles.all()}
    for role_entry in catalogue.roles:
        yield from _role_changes(role_entry, roles.get(role_entry.name))


def _issuer(item: IssuerEntry, directory: Path, sources: Sources) -> Issuer:
    return Issuer(
        id=item.id,
        name=item.name,
        kind=item.kind,
        certificate=_der(directory / item.certificate),
        chain=tuple(_der(directory / path) for path in item.chain),
        alternate_chains=tuple(tuple(_der(directory / path) for path in one) for one in item.alternate_chains),
        key_reference=item.key,
        crl_url=item.crl_url,
        ocsp_url=item.ocsp_url,
        certificate_url=item.certificate_url,
        created_at=sources.now(),
    )


def _client_changes(item: ClientEntry, clients: dict[str, Client], sources: Sources) -> Iterator[Change]:
    known = clients.get(item.name)
    content = {"description": item.description, "suspended": item.suspended, "settings": item.settings}
    if known is None:
        client = Client(id=sources.new_id("cli"), name=item.name, created_at=sources.now(), **content)  # type: ignore[arg-type]
        clients[item.name] = client
        yield Change(
            action="client.add",
            object_id=client.id,
            client_id=client.id,
            summary=f"add Client {item.name}",
            carry_out=lambda tx: tx.clients.add(client),
        )
        return
    # Whoever was suspended by a command stays so until a command resumes him: the file does not know of it.
    changed = dataclasses.replace(known, **content | {"suspended": item.suspended or known.suspended})  # type: ignore[arg-type]
    if changed != known:
        yield Change(
            action="client.change",
            object_id=known.id,
            client_id=known.id,
            summary=f"change Client {item.name}",
            carry_out=lambda tx: _save_client(tx, changed, sources),
        )


def _save_client(tx: Transaction, client: Client, sources: Sources) -> None:
    tx.clients.save(client)
    if client.suspended:
        tx.jobs.wake_orders(sources.now(), client_id=client.id)


def _product_changes(
    item: ProductEntry, client_id: str, issuer_id: str, known: Product | None, sources: Sources
) -> Iterator[Change]:
    product = Product(
        id=known.id if known else sources.new_id("pma"),
        client_id=client_id,
        issuer_id=issuer_id,
        name=item.name,
        description=item.description,
        version=version_of(item, issuer_id),
        roads=frozenset(item.roads),
        policy=item.policy,
    )
    if known is None or known.version != product.version:
        yield Change(
            action="product.add" if known is None else "product.change",
            object_id=product.id,
            client_id=client_id,
            summary=f"{'add' if known is None else 'change'} product {item.name} of Client {item.client}",
            carry_out=lambda tx: tx.products.put(product),
        )


def _role_changes(item: RoleEntry, known: Role | None) -> Iterator[Change]:
    role = Role(
        name=item.name,
        description=item.description,
        for_every_client=item.for_every_client,
        permissions=frozenset(item.permissions),
    )
    if role != known:
        yield Change(
            action="role.add" if known is None else "role.change",
            object_id=role.name,
            client_id=None,
            summary=f"{'add' if known is None else 'change'} role {role.name}",
            carry_out=lambda tx: tx.roles.put(role),
        )


def version_of(item: ProductEntry, issuer_id: str) -> str:
    """Return the name of a version: the SHA-256 of its content in canonical JSON (sorted keys, no spaces)."""
    content = {
        "issuer_id": issuer_id,
        "name": item.name,
        "description": item.description,
        "roads": sorted(item.roads),
        "policy": dataclasses.asdict(item.policy),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _der(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{path} is not a PEM certificate that can be read.") from error


def _table(values: dict[str, Any], path: str, *, repeated: bool) -> str:
    """Write one table: its values first, then the tables in it."""
    lines = [f"[[{path}]]" if repeated else f"[{path}]"]
    inner: list[str] = []
    for key, value in values.items():
        if isinstance(value, dict):
            inner.append(_table(value, f"{path}.{key}", repeated=False))
        elif isinstance(value, tuple) and value and isinstance(value[0], dict):
            inner += [_table(item, f"{path}.{key}", repeated=True) for item in value]
        elif value is not None:  # what is not set has no line
            # JSON's strings, numbers, booleans and lists are TOML's.
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join([*lines, "", *inner])
