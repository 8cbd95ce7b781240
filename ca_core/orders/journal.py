"""The journal of one run of the pipeline: what the stages did, committed together at the points that matter.

A run buffers job rows, audit records, the order and its certificate, and writes them in one transaction before a
signature is made, after it, before waiting, and at the end. Every commit is fenced by the order's own job: a worker
whose lease was taken over writes nothing. The first commit of a submitted order claims that job: until then the order
is as it was, and of several that run, one commits (rule 5).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from ca_core.audit.log import entry, failure
from ca_core.core import Core
from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.sources import Clock
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify import events
from ca_core.orders.root_job import root_job_id
from ca_core.orders.states import OrderEvent, after
from ca_core.revocation.revoke import revoke_in

LEASE = timedelta(seconds=20)
"""Longer than a key protection may take over a signature, shorter than the 30 s in which an order must go on."""


class RunningJob:
    """A job while its work, the body of a ``with``, runs; ``keep`` is given the row as it is when the work ends.

    A TriviumError fails the job, UNAVAILABLE leaves it in RETRY.
    """

    __slots__ = ("_clock", "_keep", "_response", "_row", "id", "waiting_for")

    def __init__(self, row: Job, keep: Callable[[Job], None], clock: Clock) -> None:
        self._row = row
        self._keep = keep
        self._clock = clock
        self._response: dict[str, Any] = {}
        self.id = row.id
        self.waiting_for = ""

    def respond(self, **data: Any) -> None:
        """Add JSON values to the job's response, which operators read."""
        self._response |= data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._end(JobState.WAITING if self.waiting_for else JobState.SUCCESS, None)
        elif isinstance(error, TriviumError):
            retry = error.kind is ErrorKind.UNAVAILABLE
            self._end(JobState.RETRY if retry else JobState.FAILED, error.problem)

    def _end(self, state: JobState, problem: Problem | None) -> None:
        self._keep(
            replace(
                self._row,
                state=state,
                finished_at=None if state is JobState.WAITING else self._clock.now(),
                error=problem,
                waiting_for=self.waiting_for,
                response=self._row.response | self._response,
            )
        )


class Journal:
    """Order, certificate, jobs and audit records of one run, and when they are written."""

    def __init__(
        self,
        core: Core,
        order: Order,
        *,
        root: Job | None = None,
        certificate: Certificate | None = None,
        jobs: Sequence[Job] = (),
    ) -> None:
        """Begin a run of ``order`` under its claimed job ``root``; None: the first commit claims it.

        ``jobs`` are the rows an earlier run left.
        """
        self._core = core
        self._root = root
        self._begun = order.state is not OrderState.NEW
        self.order = order
        self.certificate = certificate
        self._committed_certificate = certificate
        self._jobs: dict[str, Job] = {}
        self._committed_jobs = {job.id: job for job in jobs}
        self._conditions: list[Callable[[Transaction], object]] = []
        self._effects: list[Callable[[Transaction], object]] = []
        self._records: list[AuditRecord] = []

    @property
    def begun(self) -> bool:
        """Whether the order has left NEW in the store, by this run or an earlier one."""
        return self._begun

    @property
    def executions(self) -> int:
        """How often the order's job has been claimed, this run included."""
        return 1 if self._root is None else self._root.executions

    def advance(self, event: OrderEvent, **changes: Any) -> None:
        """Move the order by ``event`` and change the named fields with it."""
        self.order = replace(self.order, state=after(self.order.state, event), **changes)

    def record(
        self, action: str, outcome: Outcome = Outcome.SUCCESS, *, principal: Principal = SYSTEM, **details: Any
    ) -> None:
        """Append an audit record about the order to the next commit."""
        self._records.append(
            entry(
                self._core.sources,
                principal,
                action,
                self.order.id,
                client_id=self.order.client_id,
                outcome=outcome,
                **details,
            )
        )

    def fail(self, problem: Problem) -> None:
        """Fail the order; a certificate that exists by then is revoked in the same transaction."""
        self._conditions = []
        self.advance(OrderEvent.FAILED, error=problem)
        self._records.append(failure(self._core.sources, SYSTEM, "order.fail", self.order.id, problem))

    def drop_intent(self) -> Certificate | None:
        """Take the intent out of the run; return it if it was committed, so that a signature may exist."""
        intent, self.certificate = self.certificate, None
        committed = self._committed_certificate
        return intent if intent is not None and committed is not None and committed.id == intent.id else None

    def require(self, condition: Callable[[Transaction], object]) -> None:
        """Make the next commit depend on ``condition``, which raises in its transaction when it does not hold."""
        self._conditions.append(condition)

    def effect(self, fn: Callable[[Transaction], object]) -> None:
        """Run ``fn`` in the next commit."""
        self._effects.append(fn)

    def job(self, job_type: JobType, *, parent_id: str | None = None, **request: Any) -> RunningJob:
        """Run a piece of work as a job row: times, executions, request, response and error are kept.

        A row of the same type that an earlier run left unfinished is continued.
        """
        row = self._begin(job_type, parent_id, request)
        self._keep(row)
        return RunningJob(row, self._keep, self._core.sources.clock)

    def _keep(self, row: Job) -> None:
        self._jobs[row.id] = row

    def _begin(self, job_type: JobType, parent_id: str | None, request: dict[str, Any]) -> Job:
        now = self._core.sources.now()
        for job in self._committed_jobs.values():
            if job.type is job_type and job.state not in {JobState.SUCCESS, JobState.FAILED}:
                return replace(
                    job, state=JobState.PROCESSING, started_at=now, executions=job.executions + 1, waiting_for=""
                )
        return Job(
            id=self._core.sources.new_id("job"),
            type=job_type,
            state=JobState.PROCESSING,
            created_at=now,
            scheduled_at=now,
            started_at=now,
            order_id=self.order.id,
            client_id=self.order.client_id,
            parent_id=parent_id or root_job_id(self.order.id),
            executions=1,
            request=request,
        )

    async def commit(self, state: JobState = JobState.PROCESSING, **root_changes: Any) -> None:
        """Write everything since the last commit in one transaction; ``state`` is the order's job afterwards.

        Raises CONFLICT when another worker has claimed the order, or when the serial was used before (rule 2), and
        whatever a condition raises; then nothing was written.
        """
        now = self._core.sources.now()
        lease = now + LEASE if state is JobState.PROCESSING else None
        finished = now if state in {JobState.SUCCESS, JobState.FAILED} else None
        changes = {"state": state, "lease_until": lease, "finished_at": finished, **root_changes}
        self._root, self.order, certificate = await self._core.store.write(lambda tx: self._apply(tx, now, changes))
        self._begun = True
        self.certificate = certificate
        self._committed_certificate = certificate
        self._committed_jobs |= self._jobs
        self._jobs, self._conditions, self._effects, self._records = {}, [], [], []

    def _apply(self, tx: Transaction, now: datetime, changes: dict[str, Any]) -> tuple[Job, Order, Certificate | None]:
        claimed = self._root or self._claim(tx, now)
        root = replace(claimed, **changes)
        if self._root is not None or root != claimed:  # the claim itself has written what goes on as it was claimed
            tx.jobs.save(root)
        for condition in self._conditions:
            condition(tx)
        certificate = self._save_certificate(tx)
        for effect in self._effects:
            effect(tx)
        order = self.order
        reason = self._reason_to_revoke(tx, certificate)
        if certificate is not None and reason is not None:
            certificate = revoke_in(tx, self._core.sources, certificate, reason, SYSTEM)
            if order.state is OrderState.ISSUED:
                order = replace(order, state=after(order.state, OrderEvent.REVOKED))
        if order.state is OrderState.ISSUED and certificate is not None and certificate is self._committed_certificate:
            certificate = tx.certificates.get(certificate.id) or certificate  # revoked since it was stored?
            if certificate.status is CertificateStatus.REVOKED:
                order = replace(order, state=after(order.state, OrderEvent.REVOKED))
        order = tx.orders.save(order)
        events.order_ended(tx, self._core.sources, order, certificate)
        tx.jobs.add([job for job in self._jobs.values() if job.id not in self._committed_jobs])
        for job in self._jobs.values():
            if job.id in self._committed_jobs:
                tx.jobs.save(job)
        tx.audit.append(self._records)
        return root, order, certificate

    def _claim(self, tx: Transaction, now: datetime) -> Job:
        job_id = root_job_id(self.order.id)
        claimed = tx.jobs.claim(job_id, owner=self._core.worker, now=now, lease_until=now + LEASE)
        if claimed is None:
            raise TriviumError(ErrorKind.CONFLICT, "The order is being processed already.")
        return claimed

    def _reason_to_revoke(self, tx: Transaction, certificate: Certificate | None) -> RevocationReason | None:
        """Say why the certificate is revoked in the commit that stores it: a report of its key found none (rule 26)."""
        if certificate is None or certificate.status is not CertificateStatus.ISSUED:
            return None
        if self.order.state is OrderState.FAILED:
            return RevocationReason.UNSPECIFIED
        before = self._committed_certificate
        is_new = before is None or before.status is not CertificateStatus.ISSUED
        if is_new:
            tx.blocked_keys.hold(certificate.spki_sha256)
        blocked = is_new and tx.blocked_keys.reason(certificate.spki_sha256) is not None
        return RevocationReason.KEY_COMPROMISE if blocked else None

    def _save_certificate(self, tx: Transaction) -> Certificate | None:
        certificate, committed = self.certificate, self._committed_certificate
        if certificate is None or certificate is committed:
            return certificate
        if committed is None or committed.id != certificate.id:
            tx.certificates.add(certificate)
            return certificate
        return tx.certificates.save(certificate)

    @property
    def state(self) -> OrderState:
        """The order's state."""
        return self.order.state
