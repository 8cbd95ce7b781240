"""Tags: words an order is found by. They come with it, and can be replaced at any time."""

from collections.abc import Sequence
from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.queries import order_for

MAX_TAGS: Final = 50
MAX_LENGTH: Final = 100
"""Characters."""


async def replace_tags(core: Core, order_id: str, tags: Sequence[str], principal: Principal) -> Order:
    """Replace an order's tags and return it as it is then, in whatever state it is.

    Raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, and MALFORMED as :func:`check_tags`.
    """
    checked = check_tags(tags)

    def act(tx: Transaction) -> Order:
        order = order_for(tx, order_id, principal, Permission.ORDER_UPDATE)
        tx.orders.replace_tags(order, checked)
        record = entry(
            core.sources,
            principal,
            "order.replace-tags",
            order.id,
            client_id=order.client_id,
            before=[*order.tags],
            after=[*checked],
        )
        tx.audit.append([record])
        return replace(order, tags=checked)

    return await core.store.write(act)


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags once each, without white space around them; raises MALFORMED, saying which is refused."""
    checked = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if len(checked) > MAX_TAGS:
        raise TriviumError(ErrorKind.MALFORMED, f"An order has at most {MAX_TAGS} tags; leave some out.")
    for tag in checked:
        if not 0 < len(tag) <= MAX_LENGTH or not tag.isprintable():
            raise TriviumError(
                ErrorKind.MALFORMED,
                f"The tag {tag[:MAX_LENGTH]!a} is refused: a tag has 1 to {MAX_LENGTH} printable characters.",
            )
    return checked
