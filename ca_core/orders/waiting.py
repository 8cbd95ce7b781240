"""Wait for an order, for those who ask for its certificate and can stay on the line."""

import asyncio
from typing import Final

from ca_core.core import Core
from ca_core.model.orders import Order
from ca_core.model.principals import Principal
from ca_core.orders.queries import get

_LOOK_SECONDS: Final = 0.2


async def settled(core: Core, order: Order, principal: Principal, seconds: float) -> Order:
    """Return the order when it is decided, or as it is after ``seconds`` at most; raises NOT_FOUND.

    It is looked at again and again rather than waited for: whichever worker goes on with it, its row says so.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not order.state.terminal and (left := until - loop.time()) > 0:
        await asyncio.sleep(min(_LOOK_SECONDS, left))
        order = (await get(core, order.id, principal)).order
    return order
