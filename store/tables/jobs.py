"""The table of jobs."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, and_

from ca_core.model.jobs import JobState, JobType, TimerType
from store.columns import Member, Object, Time, inline
from store.tables.metadata import metadata, partial, problem, required

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    required("type", Member(JobType, TimerType)),
    required("state", Member(JobState)),
    required("created_at", Time),
    Column("order_id", String, ForeignKey("orders.id")),
    Column("client_id", String, ForeignKey("clients.id")),
    Column("parent_id", String),
    Column("subject_id", String),
    required("waiting_for", String),
    Column("scheduled_at", Time),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("due_at", Time),
    required("executions", Integer),
    required("request", Object),
    required("response", Object),
    problem("error"),
    required("lease_owner", String),
    Column("lease_until", Time),
    required("fence", Integer),
    # From when on a worker may claim the job: due_at, or the end of the lease; NULL when it may not.
    Column("claimable_at", Time),
    Index(None, "order_id"),
)
partial("ix_jobs_claimable_at", jobs, "claimable_at", where=jobs.c.claimable_at.is_not(None))
open_job = jobs.c.state.not_in([inline(JobState.SUCCESS), inline(JobState.FAILED)])
"""The condition under which a job is not over."""
partial("ix_jobs_open_type", jobs, "type", "subject_id", where=open_job)
awaits_approval = and_(
    jobs.c.type.in_([inline(JobType.ISSUE_AUTHORIZATION_JOB), inline(JobType.RA_AUTHORIZE_CERT_REVOKE_JOB)]),
    open_job,
    jobs.c.state == inline(JobState.WAITING),
)
"""The condition under which a job waits for users to agree."""
