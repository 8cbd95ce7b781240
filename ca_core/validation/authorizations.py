"""Authorizations: made with an order, answered by the requester, validated as a job (RFC 8555 section 7.5)."""

import asyncio
import logging
from datetime import datetime, timedelta
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
    ValidationMethod,
)
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.crash import crash_point
from ca_core.orders.root_job import root_job_id
from ca_core.validation.attempt import Subject, holder_of, subject_of, validate
from ca_core.validation.tokens import new_token

LEASE: Final = timedelta(seconds=20)
_TRUSTED: Final = frozenset({PrincipalKind.API_USER, PrincipalKind.OPERATOR, PrincipalKind.CMC_CLIENT})
"""Whose word a product without the DNS owner rule takes for the names."""

_LOG = logging.getLogger("trivium.validation")
_running: set[asyncio.Task[None]] = set()


def new_authorization(
    sources: Sources, product: Product, principal: Principal, identifier: Identifier, road: Road
) -> Authorization:
    """Return a pending authorization with its challenges, or one that is valid already.

    Valid are those of the gateway's own orders, whose names stand in its configuration, which only the operator of the
    machine can write; and those a registration authority vouches for, or whose holder renews them, where the product
    says that it may.
    """
    given = _given(product, road, principal)
    now = sources.now()
    lifetime = product.policy.authorization_lifetime if given else product.policy.order_lifetime
    authorization_id = sources.new_id("azn")
    methods = (given,) if given else _methods(identifier)
    return Authorization(
        id=authorization_id,
        client_id=product.client_id,
        account_id=principal.id if principal.kind is PrincipalKind.ACME_ACCOUNT else None,
        identifier=identifier.base,
        wildcard=identifier.wildcard,
        status=AuthorizationStatus.VALID if given else AuthorizationStatus.PENDING,
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime),
        challenges=tuple(
            _new_challenge(sources, authorization_id, method, given is not None, now) for method in methods
        ),
        product_id=product.id,
        product_version=product.version,
    )


def _given(product: Product, road: Road, principal: Principal) -> ValidationMethod | None:
    """Return the method by which control counts as shown with the order itself; None where it must be shown first."""
    if road is Road.SYSTEM:
        return ValidationMethod.CONFIGURED
    if product.policy.public:
        return None
    if not product.policy.dns_owner_rule and principal.kind in _TRUSTED:
        return ValidationMethod.RA_VOUCHED
    if road is not Road.CMC:
        return None
    if principal.kind is PrincipalKind.CERTIFICATE_HOLDER:
        return ValidationMethod.CERTIFICATE_LINKED if product.policy.certificate_linking else None
    return ValidationMethod.RA_VOUCHED if product.policy.ra_vouches else None


def _methods(identifier: Identifier) -> tuple[ValidationMethod, ...]:
    """Return the methods that can show control: DNS alone for a wildcard (rule 66), never DNS for an address."""
    if identifier.type is IdentifierType.IP:
        return (ValidationMethod.HTTP_01, ValidationMethod.TLS_ALPN_01)
    if identifier.wildcard:
        return (ValidationMethod.DNS_01,)
    return (ValidationMethod.HTTP_01, ValidationMethod.DNS_01, ValidationMethod.TLS_ALPN_01)


def _new_challenge(
    sources: Sources, authorization_id: str, method: ValidationMethod, valid: bool, now: datetime
) -> Challenge:
    return Challenge(
        id=sources.new_id("chl"),
        authorization_id=authorization_id,
        method=method,
        token=new_token(sources),
        status=ChallengeStatus.VALID if valid else ChallengeStatus.PENDING,
        validated_at=now if valid else None,
    )


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
