"""Approvals in the store."""

from sqlalchemy import bindparam, insert, select, tuple_

from ca_core.model.approvals import Approval
from ca_core.model.values import of_members
from store.columns import among
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

    def by(self, approver: str, client_ids: frozenset[str] | None, *, after: str, limit: int) -> list[Approval]:
        """Return a user's decisions for these Clients (None: for all), newest first, behind the one about ``after``."""
        place = (approvals.c.decided_at, approvals.c.subject_id)
        page = select(approvals).where(approvals.c.approver == approver)
        page = page.order_by(*(column.desc() for column in place)).limit(limit)
        if client_ids is not None:
            page = page.where(among(approvals.c.client_id, client_ids))
        if after:
            last = select(*place).where(approvals.c.subject_id == after, approvals.c.approver == approver)
            page = page.where(tuple_(*place) < last.scalar_subquery())
        return [of_members(Approval, row) for row in self._run.search(page)]

    def of_order(self, order_id: str) -> list[Approval]:
        """Return all decisions that have to do with the order, oldest first."""
        return [of_members(Approval, row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]
