"""Comments on an order: the one it was placed with, and those that operators add later for each other."""

import unicodedata
from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import Comment
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.queries import order_for

MAX_LENGTH: Final = 4000
"""Characters."""
MAX_COMMENTS: Final = 200

_WHITE_SPACE: Final = frozenset("\t\n\r")
_UNREADABLE: Final = frozenset({"Cc", "Cs"})
"""Control characters and halves of a character."""


async def listing(core: Core, order_id: str, principal: Principal) -> list[Comment]:
    """Return an order's comments, oldest first; raises NOT_FOUND, FORBIDDEN without ORDER_VIEW.

    The one it was placed with comes first and has the order's id: it is part of the order.
    """

    def read(tx: Transaction) -> list[Comment]:
        order = order_for(tx, order_id, principal, Permission.ORDER_VIEW)
        first = Comment(
            id=order.id,
            order_id=order.id,
            client_id=order.client_id,
            author=order.placed_by,
            created_at=order.created_at,
            text=order.comment,
        )
        return [*([first] if order.comment else []), *tx.comments.of_order(order.id)]

    return await core.store.read(read)


async def add(core: Core, order_id: str, text: str, principal: Principal) -> Comment:
    """Add a comment; raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, and MALFORMED as :func:`check_comment`."""
    checked = check_comment(text)
    if not checked:
        raise TriviumError(ErrorKind.MALFORMED, "The comment is empty; write one.")

    def act(tx: Transaction) -> Comment:
        order = order_for(tx, order_id, principal, Permission.ORDER_UPDATE)
        if len(tx.comments.of_order(order.id)) >= MAX_COMMENTS:
            raise TriviumError(ErrorKind.MALFORMED, f"An order has at most {MAX_COMMENTS} comments, and this one has.")
        comment = Comment(
            id=core.sources.new_id("cmt"),
            order_id=order.id,
            client_id=order.client_id,
            author=principal.actor,
            created_at=core.sources.now(),
            text=checked,
        )
        tx.comments.add(comment)
        record = entry(
            core.sources,
            principal,
            "order.comment",
            order.id,
            client_id=order.client_id,
            comment=comment.id,
            text=checked,
        )
        tx.audit.append([record])
        return comment

    return await core.store.write(act)


def check_comment(text: str) -> str:
    """Return the text without white space around it; raises MALFORMED for one that is too long or no text."""
    checked = text.strip()
    if len(checked) > MAX_LENGTH:
        raise TriviumError(ErrorKind.MALFORMED, f"A comment has at most {MAX_LENGTH} characters; shorten it.")
    if any(unicodedata.category(one) in _UNREADABLE and one not in _WHITE_SPACE for one in checked):
        raise TriviumError(ErrorKind.MALFORMED, "A comment is plain text; leave control characters out.")
    return checked
