"""The control queryPending (RFC 10002 section 6.13), and how an order that waits is found again."""

from ca_core.access.cmc_clients import principal_of
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order
from ca_core.model.products import Road
from ca_core.model.store import Transaction
from ca_core.orders.enrol import resume
from gateway.cmc.errors import CmcStatus
from gateway.cmc.exchange import ASK_AGAIN, Exchange
from gateway.cmc.pki_data import MAX_REQUESTS, Control


async def query_pending(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.13: the token is the order's id, good for the client that ordered and its authorities.

    That of a batch names all its orders that wait: those that are done now are reported, and partial says that others
    are not, under the same token.
    """
    exchange.require_query()
    token = control.octets("queryPending").decode("ascii", errors="replace")
    order_ids = token.split(" ")
    if len(order_ids) == 1:
        await report_order(exchange, control.body_part_id, token)
        return
    if len(order_ids) > MAX_REQUESTS:
        raise TriviumError(ErrorKind.TOO_LARGE, f"A pendToken names at most {MAX_REQUESTS} orders.")
    orders = [await _resumed(exchange, order_id) for order_id in order_ids]
    for order in orders:
        if order.state.terminal:
            await exchange.report(control.body_part_id, order)
    waiting = sum(not order.state.terminal for order in orders)
    if waiting:
        at = orders[0].created_at + ASK_AGAIN
        text = f"{waiting} of {len(orders)} orders wait; ask again with queryPending."
        exchange.answer.pend(control.body_part_id, token, at, text, CmcStatus.PARTIAL)


async def report_order(exchange: Exchange, body_part_id: int, order_id: str) -> None:
    """Run an order of the client's own on if it can, and report it; raises NOT_FOUND for any other."""
    await exchange.report(body_part_id, await _resumed(exchange, order_id))


async def _resumed(exchange: Exchange, order_id: str) -> Order:
    """Return an order that is the client's own or, for a registration authority, its Client's.

    It goes on with the rights of whoever ordered.
    """
    asking = exchange.require_requester().cmc_client

    def find(tx: Transaction) -> tuple[Order, CmcClient]:
        order = tx.orders.get(order_id)
        owner = tx.cmc_clients.get(order.placed_by.partition(":")[2]) if order and order.road is Road.CMC else None
        if order is None or owner is None or owner.client_id != asking.client_id:
            raise _unknown()
        if owner.id != asking.id and CmcRight.RA not in asking.rights:
            raise _unknown()
        return order, owner

    order, owner = await exchange.core.store.read(find)
    return await resume(exchange.core, order, principal_of(owner, exchange.address))


def _unknown() -> TriviumError:
    return TriviumError(ErrorKind.NOT_FOUND, "There is no order of yours by this pendToken.")
