"""What a visitor may choose from in filters and forms: his Clients and their products."""

from collections.abc import Iterable

from ca_core.access import client_queries
from ca_core.access.authorisation import clients_with, permitted
from ca_core.access.visibility import MAX_PAGE
from ca_core.certificates import issuer_queries
from ca_core.model.permissions import Permission
from ca_core.model.products import Product, Road
from ca_core.orders import product_queries
from gateway.admin.visit import Visit


async def client_names(visit: Visit) -> dict[str, str]:
    """Return the names of the visitor's Clients by id, as many as one list shows; none where he may not see them."""
    if clients_with(visit.principal, Permission.CLIENT_VIEW) == frozenset():
        return {}
    found = await client_queries.search(visit.core, visit.principal, limit=MAX_PAGE)
    return {client.id: client.name for client in found}


async def products(visit: Visit, road: Road | None = None) -> list[Product]:
    """Return the products of the visitor's Clients, those that are ordered over ``road`` if one is named."""
    if clients_with(visit.principal, Permission.PRODUCT_VIEW) == frozenset():
        return []
    return await product_queries.search(visit.core, visit.principal, road=road, limit=MAX_PAGE)


def asked_clients(visit: Visit) -> frozenset[str] | None:
    """Return the Client that a list is filtered by (``client`` in the URL); None: every one of the visitor's."""
    client = visit.query("client")
    return frozenset({client}) if client else None


def clients_that(visit: Visit, permission: Permission, client_ids: Iterable[str]) -> frozenset[str]:
    """Return those of the Clients for which the visitor holds the permission: whose rows have the button."""
    return frozenset(one for one in set(client_ids) if permitted(visit.principal, permission, one))


async def issuer_names(visit: Visit) -> dict[str, str]:
    """Return the names of the issuers by id; none where the visitor may not see them."""
    if clients_with(visit.principal, Permission.ISSUER_VIEW) == frozenset():
        return {}
    return {issuer.id: issuer.name for issuer in await issuer_queries.search(visit.core, visit.principal)}
