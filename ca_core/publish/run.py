"""The work of a publication event: one at a time for each certificate, and the last one asked for counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.audit import Outcome
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.principals import SYSTEM
from ca_core.model.publications import ACTIONS, PublicationAction
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.delivery import LEASE, deliver
from ca_core.publish.directory import people
from ca_core.publish.schedule import publication_jobs

_TURN: Final = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class _Situation:
    """``running``: an earlier event is being carried out. ``superseded_by`` is the id of a later one."""

    certificate: Certificate
    running: bool
    superseded_by: str | None


async def run_publication(core: Core, job: Job) -> None:
    """Carry out the claimed job's event, unless a later one counts in its place.

    While an earlier event of the certificate is being carried out, this one waits: of two that run at once, it would
    be chance which one the directory sees last. A claim precedes the look at the others, so one of two sees the other.
    """
    situation = await core.store.read(lambda tx: _look(tx, job))
    if situation.superseded_by is not None:
        await _supersede(core, job, situation.superseded_by)
    elif situation.running:
        later = core.sources.now() + _TURN
        waiting = replace(job, state=JobState.PENDING, due_at=later, lease_until=None, executions=job.executions - 1)
        await core.store.write(lambda tx: tx.jobs.save(waiting))
    else:
        await _carry_out(core, job, situation.certificate)


def _look(tx: Transaction, job: Job) -> _Situation:
    certificate = tx.certificates.get(job.subject_id or "")
    if certificate is None or certificate.der is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The certificate of job {job.id} is gone.")
    events = publication_jobs(tx, certificate)
    ids = [one.id for one in events]
    at = ids.index(job.id)
    return _Situation(
        certificate=certificate,
        running=any(one.state is JobState.PROCESSING for one in events[:at]),
        superseded_by=ids[-1] if ids[-1] != job.id else None,
    )


def _renew(job: Job, until: datetime, tx: Transaction) -> None:
    tx.jobs.renew(job, until)


async def _supersede(core: Core, job: Job, later: str) -> None:
    problem = TriviumError(ErrorKind.CONFLICT, f"Not done: {later} came later and counts in its place.").problem
    done = replace(
        job,
        state=JobState.FAILED,
        finished_at=core.sources.now(),
        lease_until=None,
        response=job.response | {"supersededBy": later},
        error=problem,
    )
    await core.store.write(lambda tx: tx.jobs.save(done))


async def _carry_out(core: Core, job: Job, certificate: Certificate) -> None:
    action = ACTIONS[JobType(job.type)]

    async def act() -> dict[str, Any]:
        der = certificate.der or b""
        publishes = action is PublicationAction.PUBLISH
        if publishes and certificate.status is not CertificateStatus.ISSUED:
            raise TriviumError(ErrorKind.ALREADY_REVOKED, "The certificate has been revoked: it stays unpublished.")
        change = core.directory.publish if publishes else core.directory.unpublish
        entries = []
        for person in people(der):
            until = core.sources.now() + LEASE
            await core.store.write(partial(_renew, job, until))
            entries.append(await change(person, der))
        return {"entries": [dn for dn in entries if dn]}

    def record(tx: Transaction, done: Job) -> None:
        if done.state is JobState.RETRY:
            return
        tx.audit.append(
            [
                entry(
                    core.sources,
                    SYSTEM,
                    f"certificate.{action}ed",
                    certificate.id,
                    client_id=certificate.client_id,
                    outcome=Outcome.SUCCESS if done.state is JobState.SUCCESS else Outcome.FAILED,
                    job=done.id,
                    entries=done.response.get("entries", []),
                    detail=done.error.detail if done.error else "",
                )
            ]
        )

    await deliver(core, job, act, beside=record)
