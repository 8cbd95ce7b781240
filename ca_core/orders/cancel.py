"""Cancel an order that waits: whoever holds ORDER_DELETE no longer wants it."""

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, Problem
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.approvals import check_reason
from ca_core.orders.ending import end
from ca_core.orders.queries import order_for
from ca_core.orders.states import OrderEvent
from ca_core.revocation.revoke import insisting


async def cancel(core: Core, order_id: str, principal: Principal, reason: str = "") -> Order:
    """End an order that waits or is tried again later; it is FAILED and says who cancelled it.

    Raises NOT_FOUND, FORBIDDEN without ORDER_DELETE, NOT_READY as :func:`~ca_core.orders.ending.end`, MALFORMED as
    :func:`~ca_core.orders.approvals.check_reason`.
    """
    check_reason(reason)
    why = f": {reason.strip()}" if reason.strip() else "."
    problem = Problem(kind=ErrorKind.NOT_READY, detail=f"The order was cancelled by {principal.actor}{why}")

    def act(tx: Transaction) -> Order:
        order = order_for(tx, order_id, principal, Permission.ORDER_DELETE)
        recorded = problem.recorded_as(core.sources.new_id("err"))
        return end(core, tx, order, OrderEvent.FAILED, recorded, principal, "order.cancel")

    return await insisting(core, act)
