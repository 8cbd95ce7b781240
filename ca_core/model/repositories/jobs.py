"""Jobs in a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ca_core.model.jobs import Job, JobType, TimerType


class Jobs(Protocol):
    """Jobs. A change of a claimed job names its fence and raises CONFLICT when another worker has claimed it since."""

    def add(self, jobs: Sequence[Job]) -> None: ...
    def get(self, job_id: str) -> Job | None: ...
    def of_order(self, order_id: str) -> list[Job]: ...
    def open_of_type(self, job_type: JobType | TimerType, subject_id: str | None) -> Job | None:
        """The job of this type and subject that is neither SUCCESS nor FAILED; one not PROCESSING comes first."""
        ...

    def awaiting_approval(self, client_ids: frozenset[str] | None, *, after: str, limit: int) -> list[Job]:
        """The jobs of issuances and revocations that wait for approvals, of these Clients (None: of all), by id.

        The page begins behind the id ``after``.
        """
        ...

    def claim_due(self, *, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[Job]:
        """Claim PENDING and RETRY jobs whose time has come, and PROCESSING ones whose lease is over."""
        ...

    def claim(self, job_id: str, *, owner: str, now: datetime, lease_until: datetime) -> Job | None:
        """Claim one WAITING, PENDING or RETRY job, whatever its due time; None when it is none of these."""
        ...

    def renew(self, job: Job, lease_until: datetime) -> None: ...
    def save(self, job: Job) -> None:
        """Save a job this worker claimed, matched by id and fence."""
        ...

    def wake(self, job_id: str, now: datetime) -> bool:
        """Make a WAITING job PENDING and due now; False when it was not WAITING.

        Of this write and one that makes the job wait, the later sees what the earlier did, whatever the job's state.
        """
        ...

    def wake_orders(self, now: datetime, *, client_id: str = "", placed_by: str = "", credential_id: str = "") -> int:
        """Do so to the own job of every order of a Client, of a requester or of a credential that waits; how many."""
        ...

    def make_due(self, job_id: str, now: datetime) -> None:
        """Make a WAITING or PENDING job due now; others stay as they are.

        Of two transactions at the same time, of which one does this and one saves the job, the later sees what the
        earlier has written.
        """
        ...

    def purge_timers(self, finished_before: datetime) -> int:
        """Delete finished timer jobs, which no order refers to."""
        ...
