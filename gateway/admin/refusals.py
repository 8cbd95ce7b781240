"""Refusals: whatever was raised becomes a page that says what happened, its id and what to do."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from ca_core.audit.refusals import record_failure
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.principals import ANONYMOUS, Principal
from ca_core.model.values import replace
from gateway.admin.front_end import FrontEnd
from gateway.admin.page import peer_address
from gateway.admin.sections import _
from gateway.admin.templates import environment
from gateway.admin.translations import language_of
from gateway.admin.visit import Visit

STATUS: Final[Mapping[ErrorKind, HTTPStatus]] = {
    **dict.fromkeys(ErrorKind, HTTPStatus.BAD_REQUEST),
    ErrorKind.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorKind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.NOT_ACCEPTABLE: HTTPStatus.NOT_ACCEPTABLE,
    ErrorKind.PRECONDITION_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    ErrorKind.PRECONDITION_FAILED: HTTPStatus.PRECONDITION_FAILED,
    ErrorKind.IDEMPOTENCY_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.BAD_SIGNATURE: HTTPStatus.UNAUTHORIZED,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.ACCOUNT_UNKNOWN: HTTPStatus.UNAUTHORIZED,
    ErrorKind.AUTH_DATA_FAILED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.CLOCK: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.EXTERNAL_ACCOUNT_REQUIRED: HTTPStatus.FORBIDDEN,
    ErrorKind.TERMS_NOT_AGREED: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.REPLAYED: HTTPStatus.CONFLICT,
    ErrorKind.NOT_READY: HTTPStatus.CONFLICT,
    ErrorKind.ALREADY_REVOKED: HTTPStatus.CONFLICT,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.ALREADY_REPLACED: HTTPStatus.CONFLICT,
    ErrorKind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The HTTP status of a page that says an error of this kind."""

TITLES: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: _("Bad request"),
    HTTPStatus.UNAUTHORIZED: _("Not signed in"),
    HTTPStatus.FORBIDDEN: _("Forbidden"),
    HTTPStatus.NOT_FOUND: _("Not found"),
    HTTPStatus.METHOD_NOT_ALLOWED: _("Method not allowed"),
    HTTPStatus.NOT_ACCEPTABLE: _("Not acceptable"),
    HTTPStatus.CONFLICT: _("Conflict"),
    HTTPStatus.PRECONDITION_FAILED: _("Precondition failed"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("Request too large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _("Unsupported media type"),
    HTTPStatus.UNPROCESSABLE_ENTITY: _("Unprocessable request"),
    HTTPStatus.PRECONDITION_REQUIRED: _("Precondition required"),
    HTTPStatus.TOO_MANY_REQUESTS: _("Too many requests"),
    HTTPStatus.INTERNAL_SERVER_ERROR: _("Internal error"),
    HTTPStatus.SERVICE_UNAVAILABLE: _("Service unavailable"),
}
"""What such a page is called, by its status."""

_OF_STATUS: Final = {
    HTTPStatus.NOT_FOUND: Problem(kind=ErrorKind.NOT_FOUND, detail="There is no page at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: Problem(
        kind=ErrorKind.METHOD_NOT_ALLOWED, detail="This address is that of a form; open the page it is on."
    ),
}
_OURS: Final = Problem(
    kind=ErrorKind.INTERNAL, detail="Something is wrong on our side; tell the operator the id of this error."
)
_log = logging.getLogger("trivium.admin")


def answer_refusals(app: Starlette) -> None:
    """Let the application answer whatever is raised in it."""
    for kind in (TriviumError, HTTPException, Exception):
        app.add_exception_handler(kind, _refuse)


async def recorded(request: Request, problem: Problem) -> Problem:
    """Give a problem its id, unless it has one; what strangers, the forbidden and forms meet is recorded.

    Nothing is where the store is not there.
    """
    if problem.id:
        return problem
    front_end: FrontEnd = request.app.state.front_end
    principal: Principal = getattr(request.state, "principal", ANONYMOUS)
    if problem.kind in {ErrorKind.UNAUTHENTICATED, ErrorKind.FORBIDDEN} or request.method != "GET":
        action = f"admin.{getattr(request.scope.get('route'), 'name', 'unknown')}"
        try:
            principal = replace(principal, address=peer_address(request))
            problem = await record_failure(front_end.core, problem, principal, action)
        except TriviumError as error:
            _log.warning("A refusal of %s was not recorded: %s", action, error.detail)
    return problem if problem.id else problem.recorded_as(front_end.core.sources.new_id("err"))


async def _refuse(request: Request, error: Exception) -> Response:
    problem = await recorded(request, _problem_of(error))
    if problem.kind is ErrorKind.INTERNAL:
        _log.error("A page failed as %s", problem.id, exc_info=error)
    status = STATUS[problem.kind]
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is not None and problem.kind is not ErrorKind.UNAVAILABLE:
        answer = await visit.page("refused.html", status=status, problem=problem, title=TITLES[status])
    else:
        language = language_of("", request.headers.get("accept-language", ""))
        template = environment(language).get_template("refused_stranger.html")
        answer = HTMLResponse(template.render(problem=problem, title=TITLES[status]), status)
    if problem.retry_after is not None:
        answer.headers["Retry-After"] = str(problem.retry_after)
    return answer


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, TriviumError):
        return error.problem
    if isinstance(error, ClientDisconnect):
        return Problem(kind=ErrorKind.MALFORMED, detail="The form ended before it was complete.")
    if isinstance(error, HTTPException):
        return _OF_STATUS.get(HTTPStatus(error.status_code), _OURS)
    return _OURS
