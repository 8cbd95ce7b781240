"""Pending order validation: an order that brought its CSR waits until control of its names is shown (CMC, REST).

Each name that is not shown has a job of its own, which a worker runs every hour, or somebody at once: it looks for the
random values of the name's authorization. A look that finds none leaves everything waiting; the last one that does
wakes the order. What is not shown within 30 days fails it (rule 65).
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from ca_core.access import rate_limits
from ca_core.core import Core
from ca_core.model.audit import Outcome
from ca_core.model.authorizations import (
    Authorization,
    AuthorizationStatus,
    CaaPermission,
    ChallengeStatus,
    ValidationMethod,
)
from ca_core.model.domains import ClientDomain
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.pending_names import PendingName, open_authorizations, pending
from ca_core.orders.queries import order_for
from ca_core.orders.root_job import root_job_id
from ca_core.validation.attempt import (
    STILL_TO_RUN,
    Subject,
    finished,
    holder_of,
    look,
    record_success,
    subject_of,
    validation_record,
    wake_orders,
)
from ca_core.validation.coverage import covers, serving_domains
from ca_core.validation.validator import Validated

CHECK_INTERVAL: Final = timedelta(hours=1)
LEASE: Final = timedelta(seconds=30)


def validation_jobs(sources: Sources, order: Order, authorizations: Iterable[Authorization]) -> list[Job]:
    """Return the jobs by which the pending ones of an order's authorizations are looked at every hour."""
    now = order.created_at
    return [
        Job(
            id=sources.new_id("job"),
            type=JobType.ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB,
            state=JobState.PENDING,
            created_at=now,
            scheduled_at=now,
            due_at=now + CHECK_INTERVAL,
            order_id=order.id,
            client_id=order.client_id,
            parent_id=root_job_id(order.id),
            subject_id=authorization.id,
            request={
                "identifier": str(authorization.named),
                "methods": [challenge.method for challenge in authorization.challenges],
            },
        )
        for authorization in {one.id: one for one in authorizations}.values()
        if authorization.status is AuthorizationStatus.PENDING
    ]


async def validate(core: Core, order_id: str, principal: Principal) -> list[PendingName]:
    """Look now for control of every name that holds an order up; return those that still do.

    What is being looked for by somebody else at this moment is left to him. Where none is left, the order runs on by
    itself. Raises NOT_FOUND, FORBIDDEN, RATE_LIMITED.
    """

    def claim(tx: Transaction) -> list[Job]:
        order = order_for(tx, order_id, principal, Permission.ORDER_UPDATE)
        now = core.sources.now()
        claimed = []
        for authorization, job in open_authorizations(core, tx, order):
            rate_limits.begin_validation(core, tx, principal, holder_of(authorization), authorization.identifier)
            claimed.append(tx.jobs.claim(job.id, owner=core.worker, now=now, lease_until=now + LEASE))
        return [job for job in claimed if job is not None]

    jobs = await core.store.write(claim)
    await asyncio.gather(*(_check_unless_overtaken(core, job, principal) for job in jobs))
    return await pending(core, principal, order_id=order_id)


async def _check_unless_overtaken(core: Core, job: Job, principal: Principal) -> None:
    """Look, and leave it to whoever has shown or ended meanwhile what was looked for."""
    try:
        await check(core, job, principal)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise


async def check(core: Core, job: Job, principal: Principal = SYSTEM) -> None:
    """Look for control of the name of a claimed job, in every way, and record what was seen.

    Raises CONFLICT when another worker has taken the job over, UNAVAILABLE when the store fails.
    """
    subjects, domain = await core.store.read(lambda tx: _subjects(core, tx, job))
    if domain is not None:
        await core.store.write(lambda tx: serve_waiting(core, tx, domain))
    if domain is not None or not subjects:
        await core.store.write(lambda tx: tx.jobs.save(finished(core, job, JobState.SUCCESS)))
        return
    outcomes = await asyncio.gather(*(_looked(core, subject) for subject in subjects))
    seen = list(zip(subjects, outcomes, strict=True))
    shown = next(((subject, found) for subject, found in seen if not isinstance(found, TriviumError)), None)
    if shown is None:
        failures = [(subject, error) for subject, error in seen if isinstance(error, TriviumError)]
        await core.store.write(lambda tx: _record_failures(core, tx, job, failures, principal))
        return
    subject, (validated, permission) = shown
    await core.store.write(lambda tx: record_success(core, tx, job, subject, validated, permission))


async def _looked(core: Core, subject: Subject) -> tuple[Validated, CaaPermission | None] | TriviumError:
    """Return what was seen, or why control was not."""
    try:
        return await look(core, subject)
    except TriviumError as error:
        return error


def _record_failures(
    core: Core, tx: Transaction, job: Job, failures: list[tuple[Subject, TriviumError]], principal: Principal
) -> None:
    """Keep what each way said, and look again in an hour; what a worker saw by itself is no act of anybody."""
    due_at = core.sources.now() + CHECK_INTERVAL
    _, first = failures[0]
    tx.jobs.save(replace(job, state=JobState.RETRY, due_at=due_at, lease_until=None, error=first.problem))
    for subject, error in failures:
        tx.authorizations.save_challenge(replace(subject.challenge, error=error.problem))
        if principal is not SYSTEM:
            tx.audit.append(
                [
                    validation_record(
                        core,
                        subject.authorization,
                        subject.challenge,
                        Outcome.FAILED,
                        principal=principal,
                        detail=error.detail,
                    )
                ]
            )


def serve_waiting(core: Core, tx: Transaction, domain: ClientDomain) -> None:
    """Let a pre-validated domain, shown now, show control of the names below it that orders of its Client wait for."""
    for authorization in tx.authorizations.waiting_below(domain.client_id, domain.name, core.sources.now()):
        product = tx.products.version(authorization.product_id or "", authorization.product_version or "")
        if product is None or not covers(domain, authorization.named, product.policy):
            continue
        for challenge in authorization.challenges:
            if challenge.method is ValidationMethod.CA_DNS_CHANGE:
                shown = replace(challenge, status=ChallengeStatus.VALID, validated_at=domain.validated_at, error=None)
                tx.authorizations.save_challenge(shown)
        until = max(authorization.expires_at, domain.valid_until or authorization.expires_at)
        tx.authorizations.save(
            replace(authorization, status=AuthorizationStatus.VALID, expires_at=until, domain_id=domain.id)
        )
        for order in tx.orders.referring_to(authorization.id):
            for job in tx.jobs.of_order(order.id):
                if job.subject_id == authorization.id and job.state in STILL_TO_RUN:
                    tx.jobs.save(finished(core, job, JobState.SUCCESS, response={"domain": domain.id}))
        wake_orders(core, tx, authorization.id)


def _subjects(core: Core, tx: Transaction, job: Job) -> tuple[list[Subject], ClientDomain | None]:
    """Return what there is to look at for a job; nothing when the order waits no more, or control is shown.

    And the pre-validated domain that serves the name by now: it was shown while the order was being placed.
    """
    order = tx.orders.get(job.order_id or "")
    authorization = tx.authorizations.get(job.subject_id or "")
    if order is None or authorization is None or order.state is not OrderState.NEW:
        return [], None
    if authorization.status_at(core.sources.now()) is not AuthorizationStatus.PENDING:
        return [], None
    subjects = [subject_of(tx, authorization, challenge) for challenge in authorization.challenges]
    name = authorization.named
    return subjects, serving_domains(core, tx, subjects[0].product, [name]).get(name)
