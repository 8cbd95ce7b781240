"""Read Clients, as far as the principal may."""

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.core import Core
from ca_core.model.clients import Client
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction


async def get(core: Core, client_id: str, principal: Principal) -> Client:
    """Return the Client; raises NOT_FOUND, also for one that is not the principal's, and FORBIDDEN."""

    def read(tx: Transaction) -> Client:
        require(principal, Permission.CLIENT_VIEW, client_id, "Client")
        client = tx.clients.get(client_id)
        if client is None:
            raise not_found("Client")
        return client

    return await core.store.read(read)


async def search(
    core: Core, principal: Principal, *, text: str | None = None, after: str | None = None, limit: int
) -> list[Client]:
    """Return a page of the principal's Clients, oldest first, from the one behind the id ``after``.

    ``text`` is part of the name or the description, in any case. Raises FORBIDDEN.
    """
    allowed = clients_searched(principal, Permission.CLIENT_VIEW, None)
    wanted = (text or "").casefold()
    found = sorted(
        (
            client
            for client in await core.store.read(lambda tx: tx.clients.all())
            if (allowed is None or client.id in allowed)
            and client.id > (after or "")
            and (wanted in client.name.casefold() or wanted in client.description.casefold())
        ),
        key=lambda client: client.id,
    )
    return found[: max(1, min(limit, MAX_PAGE))]
