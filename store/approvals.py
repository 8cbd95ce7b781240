"""Approvals in the store."""

from sqlalchemy import bindparam, insert, select

from ca_core.model.approvals import Approval
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import approvals

_ADD = Statement(insert(approvals))
_OLDEST_FIRST = select(approvals).order_by(approvals.c.decided_at, approvals.c.approver)
_OF = Statement(_OLDEST_FIRST.where(approvals.c.subject_id == bindparam("subject_id")))
_OF_ORDER = Statement(_OLDEST_FIRST.where(approvals.c.order_id == bindparam("order_id")))


class ApprovalTable:
    """Implements :class:`ca_core.model.repositories.approvals.Approvals`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def add(self, approval: Approval) -> None:
        """Store a decision; raises CONFLICT for a second one of the same user."""
        self._run.change(_ADD, vars(approval))

    def of(self, subject_id: str) -> list[Approval]:
        """Return the decisions about an order's issuance, or a revocation's job, oldest first."""
        return [of_members(Approval, row) for row in self._run.all(_OF, {"subject_id": subject_id})]

    def of_order(self, order_id: str) -> list[Approval]:
        """Return all decisions that have to do with the order, oldest first."""
        return [of_members(Approval, row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]
