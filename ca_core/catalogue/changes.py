"""What differs between a catalogue and the store, member by member, and how to remove it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ca_core.catalogue.entries import Catalogue, ClientEntry, IssuerEntry, ProductEntry, RoleEntry
from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.permissions import Permission
from ca_core.model.products import Product
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.users import Role
from ca_core.model.values import replace

IssuerOf = Callable[[IssuerEntry], Issuer]
"""What makes the issuer that an entry says, its certificates with it."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A member, such as ``policy.names.wildcards``, and its values as JSON; None before there was any."""

    member: str
    before: str | None
    after: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs. ``needs`` is the permission that it takes to change it.

    ``grants`` is what a role that it changes permits now, or will: nobody gives, or takes, what he does not have.
    """

    action: str
    object_id: str
    client_id: str | None
    summary: str
    needs: Permission
    grants: frozenset[Permission] = frozenset()
    differences: tuple[Difference, ...] = ()
    carry_out: Callable[[Transaction], None] = field(repr=False)


def changes(tx: Transaction, catalogue: Catalogue, issuer_of: IssuerOf, sources: Sources) -> Iterator[Change]:
    """Yield what differs between the catalogue and the store: issuers, Clients, products, roles.

    Raises CONFLICT for an issuer that differs, MALFORMED for a name that leads nowhere.
    """
    issuers = {issuer.name: issuer for issuer in tx.issuers.all()}
    for issuer_entry in catalogue.issuers:
        yield from _issuer_changes(issuer_of(issuer_entry), issuers)
    clients: dict[str, Client] = {client.name: client for client in tx.clients.all()}
    for client_entry in catalogue.clients:
        yield from _client_changes(client_entry, clients, sources)
    stored = {(product.client_id, product.name): product for product in tx.products.all(None)}
    names = {issuer.id: issuer.name for issuer in issuers.values()}
    for item in catalogue.products:
        client, issuer = _named(clients, item.client, "Client"), _named(issuers, item.issuer, "issuer")
        yield from _product_changes(item, client.id, issuer.id, stored.get((client.id, item.name)), names, sources)
    roles = {role.name: role for role in tx.roles.all()}
    for role_entry in catalogue.roles:
        yield from _role_changes(role_entry, roles.get(role_entry.name))


def digest_of(found: Iterable[Change]) -> str:
    """Return the SHA-256 of changes, in hex: the same for the same members with the same values before and after."""
    said = [[one.action, one.summary, [asdict(difference) for difference in one.differences]] for one in found]
    return hashlib.sha256(_canonical(said).encode()).hexdigest()


def version_of(item: ProductEntry, issuer_id: str) -> str:
    """Return the name of a version: the SHA-256 of its content in canonical JSON (sorted keys, no spaces)."""
    content = {
        "issuer_id": issuer_id,
        "name": item.name,
        "description": item.description,
        "roads": sorted(item.roads),
        "policy": asdict(item.policy),
    }
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _named(known: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in known:
        raise TriviumError(ErrorKind.MALFORMED, f"There is no {what} {name}: neither in the catalogue nor stored.")
    return known[name]


def _issuer_changes(issuer: Issuer, issuers: dict[str, Issuer]) -> Iterator[Change]:
    known = issuers.setdefault(issuer.name, issuer)
    if known is issuer:
        yield Change(
            action="issuer.add",
            object_id=issuer.id,
            client_id=None,
            summary=f"add issuer {issuer.name}",
            needs=Permission.PRODUCT_CREATE,
            carry_out=lambda tx: tx.issuers.add(issuer),
        )
    elif replace(issuer, created_at=known.created_at) != known:
        raise TriviumError(
            ErrorKind.CONFLICT,
            f"The issuer {issuer.name} differs from what it is in the store, and an issuer never changes: its "
            "certificates say what it was. Add another one under a new name.",
        )


def _client_changes(item: ClientEntry, clients: dict[str, Client], sources: Sources) -> Iterator[Change]:
    known = clients.get(item.name)
    content: dict[str, Any] = {
        "description": item.description,
        "suspended": item.suspended,
        "settings": item.settings,
    }
    if known is None:
        client = Client(id=sources.new_id("cli"), name=item.name, created_at=sources.now(), **content)
        clients[item.name] = client
        yield Change(
            action="client.add",
            object_id=client.id,
            client_id=client.id,
            summary=f"add Client {item.name}",
            needs=Permission.CLIENT_CREATE,
            differences=_differences({}, _client_members(client)),
            carry_out=lambda tx: tx.clients.add(client),
        )
        return
    # Whoever was suspended by a command stays so until a command resumes him: the file does not know of it.
    changed = replace(known, **content | {"suspended": item.suspended or known.suspended})
    if changed != known:
        yield Change(
            action="client.change",
            object_id=known.id,
            client_id=known.id,
            summary=f"change Client {item.name}",
            needs=Permission.CLIENT_UPDATE,
            differences=_differences(_client_members(known), _client_members(changed)),
            carry_out=lambda tx: _save_client(tx, changed, sources),
        )


def _client_members(client: Client) -> dict[str, Any]:
    return {
        "description": client.description,
        "suspended": client.suspended,
        "settings": asdict(client.settings),
    }


def _save_client(tx: Transaction, client: Client, sources: Sources) -> None:
    tx.clients.save(client)
    if client.suspended:
        tx.jobs.wake_orders(sources.now(), client_id=client.id)


def _product_changes(
    item: ProductEntry,
    client_id: str,
    issuer_id: str,
    known: Product | None,
    issuer_names: Mapping[str, str],
    sources: Sources,
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
        before = {} if known is None else _product_members(known, issuer_names)
        yield Change(
            action="product.add" if known is None else "product.change",
            object_id=product.id,
            client_id=client_id,
            summary=f"{'add' if known is None else 'change'} product {item.name} of Client {item.client}",
            needs=Permission.PRODUCT_CREATE if known is None else Permission.PRODUCT_UPDATE,
            differences=_differences(before, _product_members(product, issuer_names)),
            carry_out=lambda tx: tx.products.put(product),
        )


def _product_members(product: Product, issuer_names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "issuer": issuer_names.get(product.issuer_id, product.issuer_id),
        "description": product.description,
        "roads": sorted(product.roads),
        "policy": asdict(product.policy),
    }


def _role_changes(item: RoleEntry, known: Role | None) -> Iterator[Change]:
    role = Role(
        name=item.name,
        description=item.description,
        for_every_client=item.for_every_client,
        permissions=frozenset(item.permissions),
    )
    if role != known:
        before = {} if known is None else _role_members(known)
        yield Change(
            action="role.add" if known is None else "role.change",
            object_id=role.name,
            client_id=None,
            summary=f"{'add' if known is None else 'change'} role {role.name}",
            needs=Permission.ROLE_CREATE if known is None else Permission.ROLE_UPDATE,
            grants=role.permissions if known is None else role.permissions | known.permissions,
            differences=_differences(before, _role_members(role)),
            carry_out=lambda tx: tx.roles.put(role),
        )


def _role_members(role: Role) -> dict[str, Any]:
    return asdict(role) | {"permissions": sorted(role.permissions)}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    then, now = dict(_members(before)), dict(_members(after))
    return tuple(
        Difference(member=member, before=then.get(member), after=value)
        for member, value in now.items()
        if then.get(member) != value
    )


def _members(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every member that holds no further ones, by its path, as JSON."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _members(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", _canonical(value)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
