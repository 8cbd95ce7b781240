"""The figures of the overview, on SQLite and PostgreSQL: what is counted, for whom, and by which index."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca_core.model.certificates import CertificateStatus
from ca_core.model.clients import Client
from ca_core.model.jobs import JobState, JobType
from ca_core.model.orders import OrderState
from ca_core.model.store import Transaction
from store.database import Database
from store.statements import Executor, Prepared, Row
from tests.store.samples import CLIENT, NOW, add_basics, certificate, job, order
from tests.store.test_external_certificates import external

SECOND = Client(id="cli-2", name="second", created_at=NOW)
OURS, BOTH = frozenset({CLIENT.id}), frozenset({CLIENT.id, SECOND.id})
DAY = timedelta(days=1)
WEEKS = [NOW + 7 * DAY * week for week in range(4)]
ENDS = (-DAY, 0 * DAY, 6 * DAY, 7 * DAY, 20 * DAY, 21 * DAY)


@pytest.fixture
async def store(database: Database) -> Database:
    """Orders of two Clients in several states, with certificates that end on several days."""

    def add(tx: Transaction) -> None:
        add_basics(tx)
        tx.clients.add(SECOND)
        for index, end in enumerate(ENDS):
            placed = order(state=OrderState.ISSUED)
            made = certificate(placed.id, index + 1, status=CertificateStatus.ISSUED, not_after=NOW + end)
            tx.orders.add(placed)
            tx.certificates.add(made)
            other = replace(made, id=f"{made.id}-0", serial=index + 100, status=CertificateStatus.ABANDONED)
            tx.certificates.add(other)
        theirs = order(state=OrderState.ISSUED, client_id=SECOND.id)
        tx.orders.add(theirs)
        ended = {"status": CertificateStatus.ISSUED, "client_id": SECOND.id, "not_after": NOW + DAY}
        tx.certificates.add(certificate(theirs.id, 50, **ended))
        for state, client, csr in (
            (OrderState.NEW, CLIENT, None),
            (OrderState.NEW, CLIENT, b"csr"),
            (OrderState.NEW, SECOND, b"csr"),
            (OrderState.PENDING_AUTH, CLIENT, b"csr"),
        ):
            placed = order(state=state, client_id=client.id, csr=csr)
            tx.orders.add(placed)
        ours = {"type": JobType.ISSUE_AUTHORIZATION_JOB, "client_id": CLIENT.id, "order_id": placed.id}
        theirs_too = {"type": JobType.RA_AUTHORIZE_CERT_REVOKE_JOB, "client_id": SECOND.id, "order_id": theirs.id}
        for members in (ours, theirs_too):
            tx.jobs.add([job(**members, state=state) for state in (JobState.WAITING, JobState.SUCCESS)])
        for index, (client, end) in enumerate(((CLIENT, DAY), (CLIENT, -DAY), (SECOND, 20 * DAY))):
            tx.external_certificates.add([external(index, client_id=client.id, not_after=NOW + end)])

    await database.write(add)
    return database


async def test_figures_are_of_the_clients_they_are_asked_for(store: Database) -> None:
    """A dashboard would count what is another Client's, or what nobody waits for any more (rule 45)."""
    ours = {OrderState.ISSUED: 6, OrderState.NEW: 2, OrderState.PENDING_AUTH: 1}
    for clients, by_state, ending, others, validations, approvals in (
        (OURS, ours, [2, 1, 1], [1, 0, 0], 1, 1),
        (BOTH, ours | {OrderState.ISSUED: 7, OrderState.NEW: 3}, [3, 1, 1], [1, 0, 1], 2, 2),
        (None, ours | {OrderState.ISSUED: 7, OrderState.NEW: 3}, [3, 1, 1], [1, 0, 1], 2, 2),
        (frozenset({"cli-none"}), {}, [0, 0, 0], [0, 0, 0], 0, 0),
        (frozenset[str](), {}, [0, 0, 0], [0, 0, 0], 0, 0),
    ):

        def count(tx: Transaction, clients: frozenset[str] | None = clients) -> tuple[Any, ...]:
            figures = tx.figures
            return (
                figures.orders_by_state(clients),
                figures.certificates_ending(clients, WEEKS),
                figures.external_certificates_ending(clients, WEEKS),
                figures.orders_waiting(clients),
                figures.approvals_waiting(clients),
            )

        assert await store.read(count) == (by_state, ending, others, validations, approvals), clients


async def test_figures_read_indexes(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard would read every row there is, each time that it is looked at."""
    plans: list[str] = []
    search = Executor.search

    def explained(self: Executor, clause: Any) -> list[Row]:
        prepared = Prepared(clause, self._dialect)
        explain, seen = ("EXPLAIN QUERY PLAN", 3) if self._dialect.name == "sqlite" else ("EXPLAIN", 0)
        if self._dialect.name == "postgresql":
            self.connection.execute("SET enable_seqscan = off")  # which so few rows would be read by
            self.connection.execute("SET enable_bitmapscan = off")
        rows = self.connection.execute(f"{explain} {prepared.text}", prepared.bind({})).fetchall()
        plans.extend(str(row[seen]) for row in rows)
        return search(self, clause)

    monkeypatch.setattr(Executor, "search", explained)
    for clients in (OURS, None):
        plans.clear()
        await store.read(lambda tx, clients=clients: tx.figures.orders_by_state(clients))  # type: ignore[misc]
        await store.read(lambda tx, clients=clients: tx.figures.certificates_ending(clients, WEEKS))  # type: ignore[misc]
        await store.read(lambda tx, clients=clients: tx.figures.external_certificates_ending(clients, WEEKS))  # type: ignore[misc]
        await store.read(lambda tx, clients=clients: tx.figures.orders_waiting(clients))  # type: ignore[misc]
        await store.read(lambda tx, clients=clients: tx.figures.approvals_waiting(clients))  # type: ignore[misc]
        reads = [step for step in plans if step.startswith(("SCAN", "SEARCH")) or " Scan " in step]
        assert len(reads) >= 5
        assert all("INDEX" in step or "Index" in step or "ix_" in step for step in reads), plans
