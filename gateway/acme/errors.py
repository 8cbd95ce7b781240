"""Problem documents (RFC 8555 section 6.7, RFC 7807): the one dictionary from kinds of error to ACME's types."""

from dataclasses import replace
from http import HTTPStatus

from ca_core.model.errors import ErrorKind, Problem, TriviumError
from gateway.acme.codec import JsonObject, encode_json
from gateway.acme.directory import Directory
from gateway.acme.front_end import Header, Reply, link, retry_after
from gateway.acme.identifiers import identifier_object
from gateway.acme.jws import ALGORITHMS

_URN = "urn:ietf:params:acme:error:"
_UNAVAILABLE_SECONDS = 5

PROBLEM_TYPES: dict[ErrorKind, tuple[str, HTTPStatus]] = {
    ErrorKind.MALFORMED: ("malformed", HTTPStatus.BAD_REQUEST),
    ErrorKind.METHOD_NOT_ALLOWED: ("malformed", HTTPStatus.METHOD_NOT_ALLOWED),
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: ("malformed", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    ErrorKind.TOO_LARGE: ("malformed", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ErrorKind.NOT_ACCEPTABLE: ("malformed", HTTPStatus.NOT_ACCEPTABLE),
    ErrorKind.PRECONDITION_REQUIRED: ("malformed", HTTPStatus.PRECONDITION_REQUIRED),
    ErrorKind.PRECONDITION_FAILED: ("malformed", HTTPStatus.PRECONDITION_FAILED),
    ErrorKind.IDEMPOTENCY_MISMATCH: ("malformed", HTTPStatus.UNPROCESSABLE_ENTITY),
    ErrorKind.BAD_SIGNATURE: ("malformed", HTTPStatus.BAD_REQUEST),
    ErrorKind.UNAUTHENTICATED: ("unauthorized", HTTPStatus.UNAUTHORIZED),
    ErrorKind.ACCOUNT_UNKNOWN: ("accountDoesNotExist", HTTPStatus.BAD_REQUEST),
    ErrorKind.FORBIDDEN: ("unauthorized", HTTPStatus.FORBIDDEN),
    ErrorKind.NOT_FOUND: ("malformed", HTTPStatus.NOT_FOUND),
    ErrorKind.REPLAYED: ("badNonce", HTTPStatus.BAD_REQUEST),
    ErrorKind.BAD_ALGORITHM: ("badSignatureAlgorithm", HTTPStatus.BAD_REQUEST),
    ErrorKind.BAD_KEY: ("badPublicKey", HTTPStatus.BAD_REQUEST),
    ErrorKind.BAD_CSR: ("badCSR", HTTPStatus.BAD_REQUEST),
    ErrorKind.KEY_REUSED: ("badPublicKey", HTTPStatus.BAD_REQUEST),
    ErrorKind.UNSUPPORTED_EXTENSION: ("badCSR", HTTPStatus.BAD_REQUEST),
    ErrorKind.POP_FAILED: ("badCSR", HTTPStatus.BAD_REQUEST),
    ErrorKind.AUTH_DATA_FAILED: ("malformed", HTTPStatus.BAD_REQUEST),
    ErrorKind.POP_REQUIRED: ("badCSR", HTTPStatus.BAD_REQUEST),
    ErrorKind.IDENTIFIER_REJECTED: ("rejectedIdentifier", HTTPStatus.BAD_REQUEST),
    ErrorKind.IDENTIFIER_UNSUPPORTED: ("unsupportedIdentifier", HTTPStatus.BAD_REQUEST),
    ErrorKind.DNS: ("dns", HTTPStatus.BAD_REQUEST),
    ErrorKind.CONNECTION: ("connection", HTTPStatus.BAD_REQUEST),
    ErrorKind.TLS: ("tls", HTTPStatus.BAD_REQUEST),
    ErrorKind.CAA: ("caa", HTTPStatus.BAD_REQUEST),
    ErrorKind.INCORRECT_RESPONSE: ("incorrectResponse", HTTPStatus.BAD_REQUEST),
    ErrorKind.INVALID_CONTACT: ("invalidContact", HTTPStatus.BAD_REQUEST),
    ErrorKind.UNSUPPORTED_CONTACT: ("unsupportedContact", HTTPStatus.BAD_REQUEST),
    ErrorKind.TERMS_NOT_AGREED: ("userActionRequired", HTTPStatus.FORBIDDEN),
    ErrorKind.EXTERNAL_ACCOUNT_REQUIRED: ("externalAccountRequired", HTTPStatus.FORBIDDEN),
    ErrorKind.NOT_READY: ("orderNotReady", HTTPStatus.FORBIDDEN),
    ErrorKind.ALREADY_REVOKED: ("alreadyRevoked", HTTPStatus.BAD_REQUEST),
    ErrorKind.BAD_REASON: ("badRevocationReason", HTTPStatus.BAD_REQUEST),
    # 409 is for `replaces`, and for key change, which sets it itself: any other is an account's to clients.
    ErrorKind.CONFLICT: ("malformed", HTTPStatus.BAD_REQUEST),
    ErrorKind.ALREADY_REPLACED: ("alreadyReplaced", HTTPStatus.CONFLICT),
    ErrorKind.INVALID_PROFILE: ("invalidProfile", HTTPStatus.BAD_REQUEST),
    ErrorKind.CLOCK: ("malformed", HTTPStatus.BAD_REQUEST),
    ErrorKind.RATE_LIMITED: ("rateLimited", HTTPStatus.TOO_MANY_REQUESTS),
    ErrorKind.UNAVAILABLE: ("serverInternal", HTTPStatus.SERVICE_UNAVAILABLE),
    ErrorKind.INTERNAL: ("serverInternal", HTTPStatus.INTERNAL_SERVER_ERROR),
}
"""Every kind, its ACME error type and the HTTP status a request is refused with."""


_OF_A_CSR = frozenset({ErrorKind.BAD_KEY, ErrorKind.KEY_REUSED, ErrorKind.BAD_ALGORITHM})


def about_csr(problem: Problem) -> Problem:
    """Return a problem with a CSR as ACME names it: badCSR, also for its key and its signature algorithm.

    The types of their own are about the key and algorithm of the JWS (RFC 8555 section 6.7); a client that is told
    them for its CSR looks for the fault in its account.
    """
    return replace(problem, kind=ErrorKind.BAD_CSR) if problem.kind in _OF_A_CSR else problem


def problem_object(problem: Problem, directory: Directory) -> JsonObject:
    """Return a problem as it stands in an error answer, an order or a challenge.

    ``instance`` is the failure's ``err-`` id, under which the operator finds it; a problem that demands an action of
    the user names the page to visit there instead (RFC 8555 section 7.3.3), and the id in ``id``.
    """
    kind, status = PROBLEM_TYPES[problem.kind]
    document: JsonObject = {"type": _URN + kind, "detail": problem.detail, "status": int(status)}
    if problem.id:
        document["instance"] = problem.id
    if problem.kind is ErrorKind.TERMS_NOT_AGREED and directory.terms_url:
        document |= {"instance": directory.terms_url, "id": problem.id}
    if problem.kind is ErrorKind.BAD_ALGORITHM:
        document["algorithms"] = list(ALGORITHMS)
    if problem.subproblems:
        document["subproblems"] = [
            {"type": _URN + PROBLEM_TYPES[sub.kind][0], "detail": sub.detail}
            | ({"identifier": identifier_object(sub.identifier)} if sub.identifier else {})
            for sub in problem.subproblems
        ]
    return document


class RefusedWith(Exception):  # noqa: N818 - it carries an error, and how to answer it
    """A refusal answered with headers of its own and, where one is given, another HTTP status than its kind's."""

    def __init__(self, error: TriviumError, *headers: Header, status: HTTPStatus | None = None) -> None:
        super().__init__(error.detail)
        self.problem = error.problem
        self.status = status
        self.headers = headers


def problem_reply(problem: Problem, directory: Directory, *headers: Header, status: HTTPStatus | None = None) -> Reply:
    """Answer with a problem document: the media type without a charset, for clients that compare it as a string."""
    status = status or PROBLEM_TYPES[problem.kind][1]
    seconds = problem.retry_after
    if seconds is None and problem.kind is ErrorKind.UNAVAILABLE:
        seconds = _UNAVAILABLE_SECONDS
    if seconds is not None:
        headers = (*headers, retry_after(seconds))
    if problem.kind is ErrorKind.TERMS_NOT_AGREED and directory.terms_url:
        headers = (*headers, link(directory.terms_url, "terms-of-service"))
    return Reply(
        status=status,
        body=encode_json(problem_object(problem, directory) | {"status": int(status)}),
        content_type=b"application/problem+json",
        headers=headers,
    )
