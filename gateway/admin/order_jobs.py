"""The jobs of an order, as its timeline shows them, and a mark by which a page knows whether anything has changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ca_core.access.authorisation import permitted
from ca_core.model.jobs import Job, JobState, JobType, TimerType
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.orders.retry import can_run_again
from ca_core.orders.root_job import root_job_id
from gateway.admin.visit import Visit

_PLACES: Final[dict[JobType | TimerType, int]] = {job_type: place for place, job_type in enumerate(JobType)}
"""The published API lists the job types nearly as the pipeline runs them."""


@dataclass(frozen=True, kw_only=True)
class ShownJob:
    """A job; what it was asked and what it answered are JSON, empty where there is none."""

    job: Job
    request: str
    response: str
    may_retry: bool


def shown_jobs(visit: Visit, order: Order, jobs: Iterable[Job]) -> list[ShownJob]:
    """Return the jobs of an order, oldest first; those of one moment in the order of the pipeline."""
    may_retry = permitted(visit.principal, Permission.ORDER_UPDATE, order.client_id)
    return [
        ShownJob(
            job=job,
            request=_json(job.request),
            response=_json(job.response),
            may_retry=may_retry and can_run_again(order, job),
        )
        for job in sorted(jobs, key=lambda job: (job.created_at, _PLACES.get(job.type, 0)))
    ]


def waiting_for(order: Order, jobs: Iterable[Job]) -> list[str]:
    """Return what the order, or a job beside it, waits for; the order's own words first."""
    waits = [job for job in jobs if job.state is JobState.WAITING and job.waiting_for]
    waiting = sorted(waits, key=lambda job: job.id != root_job_id(order.id))
    return [job.waiting_for for job in waiting]


def mark_of(order: Order, jobs: Iterable[Job]) -> str:
    """Return what differs as soon as something has happened to the order."""
    seen = [(job.id, job.state, job.executions, job.waiting_for, str(job.due_at)) for job in jobs]
    return hashlib.sha256(repr((order.state, order.revision, seen)).encode()).hexdigest()[:16]


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
