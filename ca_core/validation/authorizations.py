"""Authorizations: made with an order, answered by the requester, validated as a job (RFC 8555 section 7.5)."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from ca_core.access import rate_limits
from ca_core.access.authorisation import require_on
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.authorizations import (
    Authorization,
    AuthorizationStatus,
    Challenge,
    ChallengeStatus,
)
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.crash import crash_point
from ca_core.orders.root_job import root_job_id
from ca_core.validation.attempt import Subject, holder_of, subject_of, validate

LEASE: Final = timedelta(seconds=20)
_LOG = logging.getLogger("trivium.validation")
_running: set[asyncio.Task[None]] = set()


async def get(core: Core, authorization_id: str, principal: Principal) -> Authorization:
    """Return the authorization; raises NOT_FOUND, also for somebody else's."""
    return await core.store.read(
        lambda tx: _visible(tx.authorizations.get(authorization_id), principal, Permission.DOMAIN_VIEW)
    )


async def by_challenge(core: Core, challenge_id: str, principal: Principal) -> Authorization:
    """Return the authorization a challenge belongs to; raises NOT_FOUND, also for somebody else's."""
    return await core.store.read(
        lambda tx: _visible(tx.authorizations.by_challenge(challenge_id), principal, Permission.DOMAIN_VIEW)
    )


def _visible(authorization: Authorization | None, principal: Principal, permission: Permission) -> Authorization:
    if authorization is None:
        raise not_found("authorization")
    require_on(
        principal,
        permission,
        "authorization",
        client_id=authorization.client_id,
        account_id=authorization.account_id,
    )
    return authorization


async def deactivate(core: Core, authorization_id: str, principal: Principal) -> Authorization:
    """Give control up again (RFC 8555 section 7.5.2); raises NOT_FOUND, and MALFORMED when it is over."""
    record = entry(core.sources, principal, "authorization.deactivate", authorization_id)

    def act(tx: Transaction) -> Authorization:
        authorization = _visible(tx.authorizations.get(authorization_id), principal, Permission.DOMAIN_DELETE)
        if authorization.status_at(core.sources.now()) not in {
            AuthorizationStatus.PENDING,
            AuthorizationStatus.VALID,
        }:
            raise TriviumError(
                ErrorKind.MALFORMED, "Only a pending or valid authorization can be deactivated; this one is neither."
            )
        tx.audit.append([record])
        return tx.authorizations.save(replace(authorization, status=AuthorizationStatus.DEACTIVATED))

    return await core.store.write(act)


async def respond(core: Core, challenge_id: str, principal: Principal) -> Authorization:
    """Begin the validation of a challenge, once (rule 51); return the authorization with the challenge as it is then.

    A challenge that is processing or decided stays as it is. Raises NOT_FOUND, MALFORMED when the authorization is no
    longer pending, RATE_LIMITED when the name has failed too often.
    """
    authorization = await core.store.read(
        lambda tx: _visible(tx.authorizations.by_challenge(challenge_id), principal, Permission.DOMAIN_CREATE)
    )
    challenge = challenge_of(authorization, challenge_id)
    if challenge.status is not ChallengeStatus.PENDING:
        return authorization
    status = authorization.status_at(core.sources.now())
    if status is not AuthorizationStatus.PENDING:
        raise TriviumError(ErrorKind.MALFORMED, f"The authorization is {status}; place a new order to get a new one.")
    try:
        job, subject = await _begin(core, authorization, challenge, principal)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        return await by_challenge(core, challenge_id, principal)
    crash_point("validation-begun")
    task = asyncio.create_task(_attempt_and_log(core, job, subject))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return replace_challenge(authorization, subject.challenge)


async def _begin(
    core: Core, authorization: Authorization, challenge: Challenge, principal: Principal
) -> tuple[Job, Subject]:
    now = core.sources.now()
    job_id = core.sources.new_id("job")
    record = entry(
        core.sources,
        principal,
        "challenge.respond",
        challenge.id,
        client_id=authorization.client_id,
        identifier=str(authorization.identifier),
        method=challenge.method,
    )

    def begin(tx: Transaction) -> tuple[Job, Subject]:
        rate_limits.begin_validation(core, tx, principal, holder_of(authorization), authorization.identifier)
        begun = tx.authorizations.save_challenge(replace(challenge, status=ChallengeStatus.PROCESSING))
        order = next(iter(tx.orders.referring_to(authorization.id)), None)
        job = Job(
            id=job_id,
            type=JobType.ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB,
            state=JobState.PROCESSING,
            created_at=now,
            scheduled_at=now,
            started_at=now,
            order_id=order.id if order else None,
            client_id=authorization.client_id,
            parent_id=root_job_id(order.id) if order else None,
            subject_id=challenge.id,
            executions=1,
            request={"identifier": str(authorization.identifier), "method": challenge.method},
            lease_owner=core.worker,
            lease_until=now + LEASE,
            fence=1,
        )
        tx.jobs.add([job])
        tx.audit.append([record])
        return job, subject_of(tx, authorization, begun)

    return await core.store.write(begin)


async def _attempt_and_log(core: Core, job: Job, subject: Subject) -> None:
    """Run the validation in the background; what it leaves undone, a worker takes over when the lease is over."""
    try:
        await validate(core, job, subject)
    except TriviumError as error:
        _LOG.warning("The validation of %s was left to a worker: %s", job.subject_id, error.detail)


def challenge_of(authorization: Authorization, challenge_id: str) -> Challenge:
    """Return the challenge of this id; raises NOT_FOUND."""
    for challenge in authorization.challenges:
        if challenge.id == challenge_id:
            return challenge
    raise not_found("challenge")


def replace_challenge(authorization: Authorization, challenge: Challenge) -> Authorization:
    """Return the authorization with ``challenge`` in the place of its earlier version."""
    return replace(
        authorization,
        challenges=tuple(challenge if one.id == challenge.id else one for one in authorization.challenges),
    )
