"""Refusals: whatever was raised becomes a page that says what happened, its id and what to do."""

import logging
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
from gateway.admin.front_end import FrontEnd, peer_address
from gateway.admin.statuses import STATUS, TITLES
from gateway.admin.templates import environment
from gateway.admin.translations import language_of
from gateway.admin.visit import Visit

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
        answer = await visit.page("refused.html", problem=problem, title=TITLES[status])
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
