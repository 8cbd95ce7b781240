"""Compare a catalogue with the store, apply it, and read from the store what it would say."""

from collections.abc import Sequence
from dataclasses import dataclass

from ca_core.access.authorisation import require
from ca_core.access.clients import SERVICE_ROLE, open_account
from ca_core.access.user_rights import require_no_less
from ca_core.access.users import MadeUser
from ca_core.audit.log import entry
from ca_core.catalogue.changes import Change, IssuerOf, changes, digest_of
from ca_core.catalogue.entries import Catalogue, ClientEntry, IssuerEntry, ProductEntry, RoleEntry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace

_WHAT = "catalogue"
_SEEN = (Permission.CLIENT_VIEW, Permission.PRODUCT_VIEW, Permission.ISSUER_VIEW, Permission.ROLE_VIEW)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying a catalogue has changed, and the service accounts of new Clients, whose keys are shown once."""

    changes: tuple[Change, ...]
    accounts: tuple[MadeUser, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a catalogue would change, and the digest by which it is applied as it was seen."""

    changes: tuple[Change, ...]
    digest: str


def apply(core: Core, tx: Transaction, catalogue: Catalogue, issuer_of: IssuerOf, principal: Principal) -> Applied:
    """Carry out what :func:`changes` finds, with an audit record for each.

    Raises MALFORMED, CONFLICT, and FORBIDDEN for a change that the principal may not make.
    """
    made: list[Change] = []
    for change in changes(tx, catalogue, issuer_of, core.sources):
        require(principal, change.needs, None, _WHAT)
        require_no_less(principal, change.grants, None, "Users with the role")
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


def require_operator(principal: Principal) -> None:
    """Raise FORBIDDEN unless the principal sees and changes products of the whole installation."""
    for permission in (*_SEEN, Permission.PRODUCT_UPDATE):
        require(principal, permission, None, _WHAT)


async def current(core: Core, principal: Principal) -> Catalogue:
    """Return the catalogue that would change nothing, without the issuers; raises FORBIDDEN."""
    require_operator(principal)
    return await core.store.read(_current)


async def compare(core: Core, catalogue: Catalogue, principal: Principal) -> Comparison:
    """Return what a catalogue would change; raises FORBIDDEN, CONFLICT, and MALFORMED for a new issuer."""
    require_operator(principal)
    return await core.store.read(lambda tx: _compared(core, tx, catalogue))


async def apply_as_compared(core: Core, catalogue: Catalogue, digest: str, principal: Principal) -> Applied:
    """Apply a catalogue if it still changes what :func:`compare` said with this digest; raises CONFLICT otherwise.

    Raises what :func:`compare` and :func:`apply` do, and FORBIDDEN for a public product where clients are tested.
    """
    require_operator(principal)
    if core.for_tests and any(product.policy.public for product in catalogue.products):
        raise TriviumError(
            ErrorKind.FORBIDDEN, "This gateway is hostile to clients on purpose, and never for a public product."
        )

    def act(tx: Transaction) -> Applied:
        if _compared(core, tx, catalogue).digest != digest:
            raise TriviumError(
                ErrorKind.CONFLICT,
                "The catalogue would no longer change what it would have when it was compared; compare it again.",
            )
        return apply(core, tx, catalogue, _stored(tx.issuers.all()), principal)

    return await core.store.write(act)


def _compared(core: Core, tx: Transaction, catalogue: Catalogue) -> Comparison:
    found = tuple(changes(tx, catalogue, _stored(tx.issuers.all()), core.sources))
    return Comparison(changes=found, digest=digest_of(found))


def _stored(issuers: Sequence[Issuer]) -> IssuerOf:
    """Return what makes the issuer of an entry with the certificates that are stored: there are no files to read."""
    known = {issuer.name: issuer for issuer in issuers}

    def issuer_of(item: IssuerEntry) -> Issuer:
        if item.name not in known:
            raise TriviumError(
                ErrorKind.MALFORMED,
                f"The issuer {item.name} is new: add it by `trivium apply`, where its certificate and key are.",
            )
        return replace(
            known[item.name],
            id=item.id,
            kind=item.kind,
            key_reference=item.key,
            crl_url=item.crl_url,
            ocsp_url=item.ocsp_url,
            certificate_url=item.certificate_url,
        )

    return issuer_of


def _current(tx: Transaction) -> Catalogue:
    clients = {client.id: client for client in tx.clients.all()}
    issuers = {issuer.id: issuer.name for issuer in tx.issuers.all()}
    return Catalogue(
        clients=tuple(
            ClientEntry(name=one.name, description=one.description, settings=one.settings) for one in clients.values()
        ),
        products=tuple(
            ProductEntry(
                name=one.name,
                client=clients[one.client_id].name,
                issuer=issuers[one.issuer_id],
                description=one.description,
                roads=tuple(sorted(one.roads)),
                policy=one.policy,
            )
            for one in sorted(tx.products.all(None), key=lambda one: (clients[one.client_id].name, one.name))
        ),
        roles=tuple(
            RoleEntry(
                name=one.name,
                description=one.description,
                for_every_client=one.for_every_client,
                permissions=tuple(sorted(one.permissions)),
            )
            for one in tx.roles.all()
        ),
    )
