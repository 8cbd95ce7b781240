"""Approvals in a store."""

from typing import Protocol

from ca_core.model.approvals import Approval


class Approvals(Protocol):
    """What users decided; a user decides once about a thing, and no row changes."""

    def add(self, approval: Approval) -> None:
        """Raise CONFLICT for a second decision of the same user about the same thing."""
        ...

    def of(self, subject_id: str) -> list[Approval]:
        """The decisions about an order's issuance, or a revocation's job, oldest first."""
        ...

    def by(self, approver: str, client_ids: frozenset[str] | None, *, after: str, limit: int) -> list[Approval]:
        """A user's decisions for these Clients (None: for all), newest first, behind the one about ``after``."""
        ...

    def of_order(self, order_id: str) -> list[Approval]:
        """All decisions that have to do with the order, oldest first."""
        ...
