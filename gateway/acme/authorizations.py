"""Authorizations and challenges on the wire (RFC 8555 sections 7.1.4, 7.1.5, 7.4.1 and 7.5)."""

from http import HTTPStatus

from ca_core.model.authorizations import Authorization, AuthorizationStatus, Challenge, ChallengeStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.validation import authorizations
from ca_core.validation.authorizations import challenge_of
from ca_core.validation.pre_authorization import pre_authorize
from gateway.acme.auth import ByAccount, ResourceRequest, payload_object
from gateway.acme.codec import JsonObject, format_time, malformed
from gateway.acme.errors import RefusedWith, problem_object
from gateway.acme.front_end import POLL, FrontEnd, Reply, json_reply, link, location
from gateway.acme.identifiers import identifier_object, parse_identifier

# Once a challenge has decided, the authorization shows no other (RFC 8555 section 7.1.4).
_DECIDING = {
    AuthorizationStatus.VALID: ChallengeStatus.VALID,
    AuthorizationStatus.INVALID: ChallengeStatus.INVALID,
}

_UNWILLING = frozenset({ErrorKind.IDENTIFIER_REJECTED, ErrorKind.IDENTIFIER_UNSUPPORTED})


async def new_authz(front_end: FrontEnd, request: ByAccount) -> Reply:
    """Make an authorization ahead of any order; 403 where none could be had anyway (RFC 8555 section 7.4.1)."""
    try:
        identifier = parse_identifier(payload_object(request).get("identifier"))
        made = await pre_authorize(request.core, request.account.product_id, identifier, request.principal)
    except TriviumError as error:
        if error.kind not in _UNWILLING:
            raise
        raise RefusedWith(error, status=HTTPStatus.FORBIDDEN) from error
    url = location(front_end.directory.authorization(made.id))
    return json_reply(_authorization_object(front_end, made), url, status=HTTPStatus.CREATED)


async def authorization(front_end: FrontEnd, request: ResourceRequest) -> Reply:
    """Read an authorization, or give it up (RFC 8555 sections 7.5 and 7.5.2)."""
    authorization_id = request.path["id"]
    if not request.payload:
        found = await authorizations.get(request.core, authorization_id, request.principal)
    elif payload_object(request).get("status") == "deactivated":
        found = await authorizations.deactivate(request.core, authorization_id, request.principal)
    else:
        raise malformed('An authorization can be read with an empty payload, or given up with "status": "deactivated".')
    obj = _authorization_object(front_end, found)
    return json_reply(obj, *([POLL] if _in_progress(found.challenges) else []))


async def challenge(front_end: FrontEnd, request: ResourceRequest) -> Reply:
    """Read a challenge, or say that it can be validated now (RFC 8555 section 7.5.1).

    Any object says so, as old clients put fields into it; said again it changes nothing.
    """
    challenge_id = request.path["id"]
    if request.payload:
        payload_object(request)
        found = await authorizations.respond(request.core, challenge_id, request.principal)
    else:
        found = await authorizations.by_challenge(request.core, challenge_id, request.principal)
    challenge = challenge_of(found, challenge_id)
    up = link(front_end.directory.authorization(found.id), "up")
    return json_reply(_challenge_object(front_end, challenge), up, *([POLL] if _in_progress((challenge,)) else []))


def _in_progress(challenges: tuple[Challenge, ...]) -> bool:
    return any(challenge.status is ChallengeStatus.PROCESSING for challenge in challenges)


def _authorization_object(front_end: FrontEnd, authorization: Authorization) -> JsonObject:
    obj: JsonObject = {
        "identifier": identifier_object(authorization.identifier),
        "status": authorization.status_at(front_end.core.sources.now()),
        "expires": format_time(authorization.expires_at),
        "challenges": [_challenge_object(front_end, challenge) for challenge in _shown(authorization)],
    }
    if authorization.wildcard:
        obj["wildcard"] = True
    return obj


def _shown(authorization: Authorization) -> tuple[Challenge, ...]:
    deciding = _DECIDING.get(authorization.status)
    decided = tuple(challenge for challenge in authorization.challenges if challenge.status is deciding)
    return decided or authorization.challenges


def _challenge_object(front_end: FrontEnd, challenge: Challenge) -> JsonObject:
    obj: JsonObject = {
        "type": challenge.method,
        "url": front_end.directory.challenge(challenge.id),
        "status": challenge.status,
        "token": challenge.token,
    }
    if challenge.validated_at is not None:
        obj["validated"] = format_time(challenge.validated_at)
    if challenge.error is not None:
        obj["error"] = problem_object(challenge.error, front_end.directory)
    return obj
