"""The control queryPending (RFC 10002 section 6.13), and how an order that waits is found again."""

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.orders.enrol import resume
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control


async def query_pending(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.13: the token is the order's id, good for the client that ordered."""
    exchange.require_query()
    token = control.octets("queryPending")
    await report_order(exchange, control.body_part_id, token.decode("ascii", errors="replace"))


async def report_order(exchange: Exchange, body_part_id: int, order_id: str) -> None:
    """Run an order of the client's own on if it can, and report it; raises NOT_FOUND for any other."""
    requester = exchange.require_requester()
    order = await exchange.core.store.read(lambda tx: tx.orders.get(order_id))
    if order is None or order.placed_by != requester.principal.actor:
        raise TriviumError(ErrorKind.NOT_FOUND, "There is no order of yours by this pendToken.")
    await exchange.report(body_part_id, await resume(exchange.core, order, requester.principal))
