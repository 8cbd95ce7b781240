"""Problem documents (RFC 9457): how version 3 says what went wrong."""

from collections.abc import Mapping

from fastapi import Response
from fastapi.responses import JSONResponse

from ca_core.model.errors import Problem
from gateway.rest.errors import HTTP_ERRORS


def render(problem: Problem, headers: Mapping[str, str]) -> Response:
    """Return the answer to a refused request."""
    status = HTTP_ERRORS[problem.kind].v3
    document = {
        "type": f"urn:trivium:error:{problem.kind}",
        "title": status.phrase,
        "status": int(status),
        "detail": problem.detail,
        "instance": problem.id,
        "errors": [{"detail": sub.detail} for sub in problem.subproblems],
    }
    return JSONResponse(document, status_code=status, headers=dict(headers), media_type="application/problem+json")
