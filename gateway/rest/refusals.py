"""Refused requests: whatever was raised becomes a problem with an id, and either version renders it on its wire."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from ca_core.audit.refusals import record_failure
from ca_core.model.errors import ErrorKind, Problem, SubProblem, TriviumError
from ca_core.model.principals import ANONYMOUS, Principal
from ca_core.model.values import replace
from gateway.rest.front_end import FrontEnd, front_end_of, peer_address

_UNAVAILABLE_SECONDS: Final = 5
_SHOWN: Final = 20
"""So many of the things that are wrong with a body are said at once."""

_OF_STATUS: Final = {
    HTTPStatus.NOT_FOUND: (ErrorKind.NOT_FOUND, "There is nothing at this URL; the paths are in the OpenAPI document."),
    HTTPStatus.METHOD_NOT_ALLOWED: (ErrorKind.METHOD_NOT_ALLOWED, "This URL does not take this method; see Allow."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (ErrorKind.TOO_LARGE, "The body of the request is too large."),
}
_log = logging.getLogger("trivium.rest")

Render = Callable[[Problem, Mapping[str, str]], Response]
"""What makes the answer of a problem, which has an id, and of the headers that go with it."""


def answer_refusals(app: FastAPI, render: Render) -> None:
    """Let the application answer whatever is raised in it."""

    async def refuse(request: Request, error: Exception) -> Response:
        problem = await _recorded(front_end_of(request), request, problem_of(error))
        if problem.kind is ErrorKind.INTERNAL:
            _log.error("%s failed as %s", _action(request), problem.id, exc_info=error)
        else:
            _log.info("%s was refused as %s: %s", _action(request), problem.id, problem.kind)
        return render(problem, _headers(problem, error) | _allowed(app, request, problem))

    for kind in (TriviumError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, refuse)


def problem_of(error: Exception) -> Problem:
    """Return what went wrong, for the requester."""
    if isinstance(error, TriviumError):
        return error.problem
    if isinstance(error, RequestValidationError):
        found = [_sentence(one) for one in error.errors()[:_SHOWN]]
        return Problem(
            kind=ErrorKind.MALFORMED,
            detail="The request is not what this operation takes.",
            subproblems=tuple(SubProblem(kind=ErrorKind.MALFORMED, detail=one) for one in found),
        )
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    kind, detail = _OF_STATUS.get(status, (ErrorKind.MALFORMED, "The body of the request cannot be read."))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind, detail = ErrorKind.INTERNAL, "Something is wrong on our side; tell the operator the id of this error."
    return Problem(kind=kind, detail=detail)


def _sentence(error: Mapping[str, Any]) -> str:
    """Say what is wrong with which part of a request; never with the value, which may be a secret."""
    where = ".".join(str(part) for part in error["loc"])[:200]
    return f"{where}: {error['msg']}."


async def _recorded(front_end: FrontEnd, request: Request, problem: Problem) -> Problem:
    """Give the problem its id; a record is left unless the request only reads, or the store is not there."""
    principal: Principal = getattr(request.state, "principal", ANONYMOUS)
    principal = replace(principal, address=peer_address(request))
    strangers = problem.kind in {ErrorKind.UNAUTHENTICATED, ErrorKind.FORBIDDEN}
    if strangers or request.method not in {"GET", "HEAD"}:
        try:
            problem = await record_failure(front_end.core, problem, principal, _action(request))
        except TriviumError as error:
            _log.warning("A refusal of %s was not recorded: %s", _action(request), error.detail)
    return problem if problem.id else problem.recorded_as(front_end.core.sources.new_id("err"))


def _action(request: Request) -> str:
    """Return what the audit log calls the request: the operation's name, never the path, which the requester chose."""
    return f"rest.{getattr(request.scope.get('route'), 'name', 'unknown')}"


def _allowed(app: FastAPI, request: Request, problem: Problem) -> dict[str, str]:
    """Return Allow with every method that the URL takes (RFC 9110 section 15.5.6): Starlette's has one route's."""
    if problem.kind is not ErrorKind.METHOD_NOT_ALLOWED:
        return {}
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    found = [one for one in routes if isinstance(one, Route) and one.matches(request.scope)[0] is not Match.NONE]
    return {"Allow": ", ".join(sorted({method for route in found for method in route.methods or ()}))}


def _headers(problem: Problem, error: Exception) -> dict[str, str]:
    headers = {**(error.headers or {})} if isinstance(error, HTTPException) else {}
    if problem.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    seconds = problem.retry_after
    if seconds is None and problem.kind is ErrorKind.UNAVAILABLE:
        seconds = _UNAVAILABLE_SECONDS
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    return headers
