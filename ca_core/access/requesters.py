"""Who placed an order, as the principal in whose name it goes on when nobody is there."""

from ca_core.access.cmc_clients import principal_of
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction

_OF_ORDERS = frozenset({Permission.ORDER_VIEW, Permission.ORDER_CREATE})


def requester(tx: Transaction, order: Order) -> Principal:
    """Return the principal that placed the order, with the right to have placed it and no other."""
    kind, _, own_id = order.placed_by.partition(":")
    if kind == PrincipalKind.CMC_CLIENT and (cmc_client := tx.cmc_clients.get(own_id)) is not None:
        return principal_of(cmc_client, "")
    if kind in {PrincipalKind.OPERATOR, PrincipalKind.SYSTEM}:
        return Principal(kind=PrincipalKind(kind), id=own_id)
    return Principal(
        kind=PrincipalKind(kind), id=own_id, client_id=order.client_id, permissions={order.client_id: _OF_ORDERS}
    )
