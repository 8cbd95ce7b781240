"""Counts over many rows: each reads entries of one index, and no row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, case, func, literal, literal_column, select

from ca_core.model.orders import OrderState
from store.columns import among
from store.statements import Executor
from store.tables import awaits_approval, certificates, external_certificates, issued, jobs, orders, waiting

_NUMBER = func.count().label("number")


class FigureTable:
    """Implements :class:`ca_core.model.store.Figures`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def orders_by_state(self, client_ids: frozenset[str] | None) -> Mapping[OrderState, int]:
        """Return how many orders are in each state, where there are any."""
        counted = _of(orders, client_ids, select(orders.c.state, _NUMBER)).group_by(orders.c.state)
        return {OrderState(row["state"]): row["number"] for row in self._run.search(counted)}

    def orders_waiting(self, client_ids: frozenset[str] | None) -> int:
        """Return how many orders wait for control of their names alone."""
        return self._count(orders, client_ids, waiting)

    def approvals_waiting(self, client_ids: frozenset[str] | None) -> int:
        """Return how many issuances and revocations wait for approvals."""
        return self._count(jobs, client_ids, awaits_approval)

    def certificates_ending(self, client_ids: frozenset[str] | None, times: Sequence[datetime]) -> list[int]:
        """Return how many certificates in status ISSUED end from each of ``times`` on, before the next."""
        return self._ending(certificates, client_ids, times, issued)

    def external_certificates_ending(self, client_ids: frozenset[str] | None, times: Sequence[datetime]) -> list[int]:
        """Return how many certificates of other CAs end from each of ``times`` on, before the next."""
        return self._ending(external_certificates, client_ids, times)

    def _ending(
        self,
        table: Table,
        client_ids: frozenset[str] | None,
        times: Sequence[datetime],
        *more: ColumnElement[bool],
    ) -> list[int]:
        ends = table.c.not_after
        span = case(*((ends < literal(until, ends.type), index) for index, until in enumerate(times[1:]))).label("span")
        within = (ends >= literal(times[0], ends.type), ends < literal(times[-1], ends.type), *more)
        counted = _of(table, client_ids, select(span, _NUMBER)).where(*within)
        found = {row["span"]: row["number"] for row in self._run.search(counted.group_by(literal_column("span")))}
        return [found.get(index, 0) for index, _ in enumerate(pairwise(times))]

    def _count(self, table: Table, client_ids: frozenset[str] | None, condition: ColumnElement[bool]) -> int:
        [row] = self._run.search(_of(table, client_ids, select(_NUMBER).where(condition)))
        return int(row["number"])


def _of(table: Table, client_ids: frozenset[str] | None, counted: Select[Any]) -> Select[Any]:
    counted = counted.select_from(table)
    return counted if client_ids is None else counted.where(among(table.c.client_id, client_ids))
