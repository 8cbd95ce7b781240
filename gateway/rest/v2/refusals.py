"""APIError: how version 2 says what went wrong."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ca_core.model.errors import Problem
from gateway.rest.errors import HTTP_ERRORS


class APIError(BaseModel):
    """``uuid`` names this one error: the operator finds it as ``err-`` and the UUID."""

    uuid: UUID
    errorCode: str  # noqa: N815 - the field's name on the wire
    errorMessages: list[str]  # noqa: N815


def render(problem: Problem, headers: Mapping[str, str]) -> Response:
    """Return the answer to a refused request."""
    error = HTTP_ERRORS[problem.kind]
    said = APIError(
        uuid=UUID(problem.id.removeprefix("err-")),
        errorCode=error.code,
        errorMessages=[problem.detail, *(sub.detail for sub in problem.subproblems)],
    )
    return JSONResponse(said.model_dump(mode="json"), status_code=error.v2, headers=dict(headers))
