"""Clients and what they can order, as far as the principal may see them."""

from collections.abc import Iterable
from dataclasses import dataclass

from ca_core.access.authorisation import clients_with, require
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.core import Core
from ca_core.model.clients import Client
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.products import Product
from ca_core.model.repositories.clients import ClientSearch
from ca_core.model.store import Transaction


@dataclass(frozen=True, kw_only=True)
class ClientPage:
    """A page of Clients, by name; ``total`` is how many the principal sees, ``found`` how many of them match."""

    clients: tuple[Client, ...]
    total: int
    found: int


async def get(core: Core, client_id: str, principal: Principal) -> Client:
    """Return the Client; raises NOT_FOUND, FORBIDDEN."""

    def read(tx: Transaction) -> Client:
        require(principal, Permission.CLIENT_VIEW, client_id, "Client")
        found = tx.clients.get(client_id)
        if found is None:
            raise not_found("Client")
        return found

    return await core.store.read(read)


async def search(core: Core, text: str, principal: Principal, *, offset: int = 0, limit: int = MAX_PAGE) -> ClientPage:
    """Return a page of the Clients whose name or description matches the text, which may have ``?`` and ``*``."""
    query = ClientSearch(
        client_ids=clients_with(principal, Permission.CLIENT_VIEW),
        text=text,
        offset=max(0, offset),
        limit=max(0, min(limit, MAX_PAGE)),
    )

    def read(tx: Transaction) -> ClientPage:
        total, found = tx.clients.count(query)
        return ClientPage(clients=tuple(tx.clients.search(query)), total=total, found=found)

    return await core.store.read(read)


async def products(core: Core, client_ids: Iterable[str], principal: Principal) -> list[Product]:
    """Return the current products of these Clients, as far as the principal may see products of theirs, by name."""
    visible = clients_with(principal, Permission.PRODUCT_VIEW)
    wanted = frozenset(client_ids) if visible is None else frozenset(client_ids) & visible
    return await core.store.read(lambda tx: tx.products.all(wanted))
