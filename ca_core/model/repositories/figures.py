"""Figures over many rows, counted in the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ca_core.model.orders import OrderState


class Figures(Protocol):
    """Counts for the Clients of a set; None is every Client."""

    def orders_by_state(self, client_ids: frozenset[str] | None) -> Mapping[OrderState, int]:
        """How many orders are in each state, where there are any."""
        ...

    def orders_waiting(self, client_ids: frozenset[str] | None) -> int:
        """How many orders in state NEW have their CSR and so wait for control of their names alone."""
        ...

    def approvals_waiting(self, client_ids: frozenset[str] | None) -> int:
        """How many issuances and revocations wait for approvals."""
        ...

    def certificates_ending(self, client_ids: frozenset[str] | None, times: Sequence[datetime]) -> list[int]:
        """How many certificates in status ISSUED end from each of the ascending ``times`` (UTC) on, before the next."""
        ...

    def external_certificates_ending(self, client_ids: frozenset[str] | None, times: Sequence[datetime]) -> list[int]:
        """How many certificates of other CAs do."""
        ...
