"""Comments on orders in the store."""

from sqlalchemy import bindparam, insert, select

from ca_core.model.annotations import Comment
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import order_comments

_ADD = Statement(insert(order_comments))
_OF_ORDER = Statement(
    select(order_comments).where(order_comments.c.order_id == bindparam("order_id")).order_by(order_comments.c.id)
)


class CommentTable:
    """Implements :class:`ca_core.model.repositories.annotations.Comments`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, comment: Comment) -> None:
        """Store a comment."""
        self._run.change(_ADD, vars(comment))

    def of_order(self, order_id: str) -> list[Comment]:
        """Return the comments that were added to the order, oldest first."""
        return [of_members(Comment, row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]
