"""APIError: how version 2 says what went wrong."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Response
from fastapi.responses import JSONResponse

from ca_core.model.errors import Problem
from gateway.rest.errors import HTTP_ERRORS
from gateway.rest.v2.schemas.base import Schema


class APIError(Schema):
    """``uuid`` names this one error: the operator finds it as ``err-`` and the UUID."""

    uuid: UUID
    error_code: str
    error_messages: list[str]


def render(problem: Problem, headers: Mapping[str, str]) -> Response:
    """Return the answer to a refused request."""
    error = HTTP_ERRORS[problem.kind]
    said = APIError(
        uuid=UUID(problem.id.removeprefix("err-")),
        error_code=error.code,
        error_messages=[problem.detail, *(sub.detail for sub in problem.subproblems)],
    )
    return JSONResponse(said.model_dump(mode="json", by_alias=True), status_code=error.v2, headers=dict(headers))
