"""One validation attempt: look at the identifier, then record what was seen with everything that follows from it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from ca_core.access import rate_limits
from ca_core.audit.log import entry, failure
from ca_core.core import Core
from ca_core.model.accounts import Account
from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.authorizations import Authorization, AuthorizationStatus, CaaPermission, Challenge, ChallengeStatus
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState
from ca_core.model.orders import OrderState
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify import events
from ca_core.orders.crash import crash_point
from ca_core.orders.root_job import root_job_id
from ca_core.orders.states import OrderEvent, after
from ca_core.validation.permission import caa_applies, require_permission
from ca_core.validation.validator import Requirements, Validated

STILL_TO_RUN: Final = frozenset({JobState.PENDING, JobState.RETRY})
"""The states of a job that a worker has yet to run, or to run again."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What one attempt looks at: the challenge of an authorization, under the account and product it is for."""

    authorization: Authorization
    challenge: Challenge
    account: Account | None
    product: Product


async def attempt(core: Core, job: Job) -> None:
    """Load what the claimed job is to validate, and :func:`validate` it."""
    await validate(core, job, await core.store.read(lambda tx: _load(tx, job)))


async def validate(core: Core, job: Job, subject: Subject) -> None:
    """Validate the challenge of a claimed job and record the result; a failure fails the orders that wait for it.

    Raises CONFLICT when another worker has taken the job over, UNAVAILABLE when the store fails.
    """
    authorization, challenge = subject.authorization, subject.challenge
    if challenge.status is not ChallengeStatus.PROCESSING:
        await core.store.write(lambda tx: tx.jobs.save(finished(core, job, JobState.SUCCESS)))
        return
    try:
        validated, permission = await look(core, subject)
    except TriviumError as error:
        problem = error.problem.recorded_as(core.sources.new_id("err"))
        await core.store.write(lambda tx: _record_failure(core, tx, job, authorization, challenge, problem))
        return
    crash_point("validated")
    await core.store.write(lambda tx: record_success(core, tx, job, subject, validated, permission))
    crash_point("validation-recorded")


async def look(core: Core, subject: Subject) -> tuple[Validated, CaaPermission | None]:
    """Validate the challenge and, where the product names itself in CAA, look for permission at the same time.

    Raises as :meth:`ca_core.validation.validator.Validator.validate` and :func:`require_permission`.
    """
    authorization, challenge, account = subject.authorization, subject.challenge, subject.account
    policy = subject.product.policy
    validation = core.validators[challenge.method].validate(
        authorization.identifier,
        challenge.token,
        f"{challenge.token}.{account.thumbprint}" if account else challenge.token,
        Requirements(dnssec=policy.require_dnssec, registered_names=policy.public),
    )
    if not caa_applies(policy, authorization.identifier):
        return await validation, None
    permission = require_permission(
        core, policy, authorization.named, authorization.account_id, frozenset({challenge.method})
    )
    validated, permitted = await asyncio.gather(validation, permission, return_exceptions=True)
    if isinstance(validated, BaseException):
        raise validated
    if isinstance(permitted, BaseException):
        raise permitted
    return validated, permitted


def _load(tx: Transaction, job: Job) -> Subject:
    authorization = tx.authorizations.by_challenge(job.subject_id or "")
    if authorization is None:
        raise TriviumError(ErrorKind.INTERNAL, f"What the job {job.id} is to validate is gone.")
    challenge = next(one for one in authorization.challenges if one.id == job.subject_id)
    return subject_of(tx, authorization, challenge)


def subject_of(tx: Transaction, authorization: Authorization, challenge: Challenge) -> Subject:
    """Return what there is to know for validating ``challenge``, of ``authorization``."""
    account = tx.accounts.get(authorization.account_id) if authorization.account_id else None
    product = tx.products.version(authorization.product_id or "", authorization.product_version or "")
    if product is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The product of the authorization {authorization.id} is gone.")
    return Subject(authorization=authorization, challenge=challenge, account=account, product=product)


def holder_of(authorization: Authorization) -> str:
    """Return the id of the account or, where there is none, the Client whose failed validations are counted."""
    return authorization.account_id or authorization.client_id


def record_success(
    core: Core,
    tx: Transaction,
    job: Job,
    subject: Subject,
    validated: Validated,
    permission: CaaPermission | None,
) -> None:
    """Record that control is shown, and by what; orders that wait for nothing else go on."""
    authorization, challenge = subject.authorization, subject.challenge
    now = core.sources.now()
    expires_at = now + timedelta(seconds=subject.product.policy.authorization_lifetime)
    if authorization.account_id is None:  # its order may wait for other names as long as its token would have been good
        expires_at = max(expires_at, authorization.expires_at)
    # Rule 65: method, address and resolver are kept per name.
    evidence: dict[str, Any] = {
        "address": validated.address,
        "resolver": validated.resolver,
        "detail": validated.detail,
    }
    tx.jobs.save(finished(core, job, JobState.SUCCESS, response=evidence))
    tx.authorizations.save_challenge(replace(challenge, status=ChallengeStatus.VALID, validated_at=now))
    rate_limits.validation_succeeded(core, tx, holder_of(authorization), authorization.identifier)
    shown = replace(authorization, status=AuthorizationStatus.VALID, expires_at=expires_at, caa=permission)
    if _decide(tx, authorization, shown) and authorization.account_id is None:
        wake_orders(core, tx, authorization.id)
    tx.audit.append([validation_record(core, authorization, challenge, Outcome.SUCCESS, **evidence)])


def _record_failure(
    core: Core, tx: Transaction, job: Job, authorization: Authorization, challenge: Challenge, problem: Problem
) -> None:
    tx.jobs.save(finished(core, job, JobState.FAILED, problem=problem))
    tx.authorizations.save_challenge(replace(challenge, status=ChallengeStatus.INVALID, error=problem))
    decided = _decide(tx, authorization, replace(authorization, status=AuthorizationStatus.INVALID))
    tx.audit.append(
        [
            validation_record(core, authorization, challenge, Outcome.FAILED, error=problem.id),
            failure(core.sources, SYSTEM, "challenge.validate", challenge.id, problem),
        ]
    )
    for order in tx.orders.referring_to(authorization.id) if decided else ():
        fail_waiting_order(core, tx, order.id, problem)


def _decide(tx: Transaction, authorization: Authorization, decision: Authorization) -> bool:
    """Save the decision about an authorization; False when it is not, or no longer, pending.

    Another challenge may have shown control, or the requester have given it up.
    """
    if authorization.status is not AuthorizationStatus.PENDING:
        return False
    try:
        tx.authorizations.save(decision)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        return False
    return True


def wake_orders(core: Core, tx: Transaction, authorization_id: str) -> None:
    """Have the orders run on that refer to the authorization and wait with their CSR, in the write that decided it.

    What they wait for else a worker sees, which then lets them wait again.
    """
    for order in tx.orders.referring_to(authorization_id):
        if order.csr is not None:
            tx.jobs.wake(root_job_id(order.id), core.sources.now())


def fail_waiting_order(core: Core, tx: Transaction, order_id: str, problem: Problem) -> None:
    """Fail an order that still waits for its authorizations or CSR, and close its job."""
    order = tx.orders.get(order_id)
    root = tx.jobs.get(root_job_id(order_id))
    if order is None or root is None or order.state is not OrderState.NEW:
        return
    now = core.sources.now()
    failed = tx.orders.save(replace(order, state=after(order.state, OrderEvent.FAILED), error=problem))
    events.order_ended(tx, core.sources, failed)
    tx.jobs.save(replace(root, state=JobState.FAILED, finished_at=now, error=problem))
    for job in tx.jobs.of_order(order_id) if order.csr is not None else ():
        if job.state in STILL_TO_RUN:
            tx.jobs.save(finished(core, job, JobState.FAILED, problem=problem))
    tx.audit.append(
        [
            entry(
                core.sources,
                SYSTEM,
                "order.fail",
                order.id,
                client_id=order.client_id,
                outcome=Outcome.FAILED,
                error=problem.id,
                detail=problem.detail,
            )
        ]
    )


def finished(
    core: Core, job: Job, state: JobState, *, response: dict[str, Any] | None = None, problem: Problem | None = None
) -> Job:
    """Return the job as it is when it is over."""
    return replace(
        job,
        state=state,
        finished_at=core.sources.now(),
        lease_until=None,
        response=response or job.response,
        error=problem,
    )


def validation_record(
    core: Core,
    authorization: Authorization,
    challenge: Challenge,
    outcome: Outcome,
    *,
    principal: Principal = SYSTEM,
    **details: Any,
) -> AuditRecord:
    """Return the audit record of a look at an identifier."""
    return entry(
        core.sources,
        principal,
        "challenge.validate",
        challenge.id,
        client_id=authorization.client_id,
        outcome=outcome,
        identifier=str(authorization.identifier),
        method=challenge.method,
        **details,
    )
