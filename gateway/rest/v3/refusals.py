"""Problem documents (RFC 9457): how version 3 says what went wrong."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Response
from pydantic import BaseModel, Field

from ca_core.model import errors
from gateway.rest.errors import HTTP_ERRORS

TYPE: Final = "urn:trivium:error:"


class PartProblem(BaseModel):
    """What is wrong with one part of a request."""

    type: Annotated[str, Field(examples=["urn:trivium:error:malformed"])]
    detail: Annotated[str, Field(examples=["body.names: Field required."])]
    identifier: Annotated[
        str | None, Field(description="The name it is about, where it is about one.", examples=["dns:www.example.com"])
    ] = None


class Problem(BaseModel):
    """A refused request (RFC 9457). ``type`` names the kind of error, ``instance`` this one: the operator finds it."""

    type: Annotated[str, Field(examples=["urn:trivium:error:not_found"])]
    title: str
    status: int
    detail: Annotated[str, Field(description="What went wrong, and what to change.")]
    instance: Annotated[str, Field(examples=["err-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    errors: Annotated[list[PartProblem], Field(description="What is wrong part by part.")]


def problem_of(problem: errors.Problem) -> Problem:
    """Return a problem as it is shown, in an answer of its own or as part of a resource."""
    status = HTTP_ERRORS[problem.kind].v3
    return Problem(
        type=TYPE + problem.kind,
        title=status.phrase,
        status=int(status),
        detail=problem.detail,
        instance=problem.id,
        errors=[
            PartProblem(
                type=TYPE + sub.kind,
                detail=sub.detail,
                identifier=None if sub.identifier is None else str(sub.identifier),
            )
            for sub in problem.subproblems
        ],
    )


def render(problem: errors.Problem, headers: Mapping[str, str]) -> Response:
    """Return the answer to a refused request."""
    shown = problem_of(problem)
    return Response(shown.model_dump_json(), shown.status, dict(headers), "application/problem+json")
