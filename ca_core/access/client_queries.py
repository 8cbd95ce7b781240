"""Read Clients, as far as the principal may."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ca_core.access.authorisation import clients_searched, permitted, require
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.core import Core
from ca_core.model.clients import Client
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.clients import ClientSearch
from ca_core.model.store import Transaction


@dataclass(frozen=True, kw_only=True)
class ClientPage:
    """A page of Clients; ``total`` is how many the principal sees, ``found`` how many of them match."""

    clients: tuple[Client, ...]
    total: int
    found: int


async def get(core: Core, client_id: str, principal: Principal) -> Client:
    """Return the Client; raises NOT_FOUND, also for one that is not the principal's, and FORBIDDEN."""

    def read(tx: Transaction) -> Client:
        require(principal, Permission.CLIENT_VIEW, client_id, "Client")
        client = tx.clients.get(client_id)
        if client is None:
            raise not_found("Client")
        return client

    return await core.store.read(read)


async def names(core: Core, client_ids: Iterable[str | None], principal: Principal) -> Mapping[str, str]:
    """Return the names of those of the Clients that the principal may see, by id; None is left out."""
    seen = {one for one in client_ids if one is not None and permitted(principal, Permission.CLIENT_VIEW, one)}

    def read(tx: Transaction) -> Mapping[str, str]:
        return {client.id: client.name for one in seen if (client := tx.clients.get(one)) is not None}

    return await core.store.read(read)


async def search(
    core: Core, principal: Principal, *, text: str | None = None, after: str | None = None, limit: int
) -> list[Client]:
    """Return a page of the principal's Clients, oldest first, from the one behind the id ``after``.

    ``text`` is part of the name or the description, in any case, and may have the wildcards ? and *. Raises FORBIDDEN.
    """
    query = _query(principal, text, limit, after=after or "")
    return await core.store.read(lambda tx: tx.clients.search(query))


async def page(core: Core, principal: Principal, *, text: str | None, offset: int, limit: int) -> ClientPage:
    """Return what :func:`search` does, but from the ``offset``-th on, and how many there are; raises FORBIDDEN."""
    query = _query(principal, text, limit, offset=offset)

    def read(tx: Transaction) -> ClientPage:
        total, found = tx.clients.count(query)
        return ClientPage(clients=tuple(tx.clients.search(query)), total=total, found=found)

    return await core.store.read(read)


def _query(principal: Principal, text: str | None, limit: int, *, after: str = "", offset: int = 0) -> ClientSearch:
    return ClientSearch(
        client_ids=clients_searched(principal, Permission.CLIENT_VIEW, None),
        text=text or "",
        after=after,
        offset=offset,
        limit=max(1, min(limit, MAX_PAGE)),
    )
