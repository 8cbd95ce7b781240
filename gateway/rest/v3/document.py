"""The OpenAPI 3.1 document: FastAPI's, with what the frame adds to every operation, and an example for every body."""

from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ca_core.model.errors import ErrorKind
from gateway.rest.errors import HTTP_ERRORS
from gateway.rest.v3 import idempotency
from gateway.rest.v3.refusals import Problem

Json = dict[str, Any]
PROBLEM: Final = "application/problem+json"
_JSON: Final = "application/json"
_BYTES: Final = {"type": "string", "format": "binary"}
"""The schema of a body that is no JSON: without one generated clients throw it away."""
_SCHEMAS: Final = "#/components/schemas/"

_ALWAYS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_CHANGES: Final = frozenset({"post", "put", "patch", "delete"})
_METHODS: Final = frozenset(method.value.lower() for method in HTTPMethod)
_WHY: Final = {
    HTTPStatus.BAD_REQUEST: "The request is not what this operation takes; `detail` and `errors` say what to change.",
    HTTPStatus.UNAUTHORIZED: "There is no token, or it is not valid; get a new one.",
    HTTPStatus.FORBIDDEN: "You lack the permission that `detail` names.",
    HTTPStatus.NOT_FOUND: "There is no such thing, or it is another Client's.",
    HTTPStatus.NOT_ACCEPTABLE: "The resource has no form that `Accept` asks for.",
    HTTPStatus.CONFLICT: "The state of the resource does not allow it; read it again.",
    HTTPStatus.PRECONDITION_FAILED: "The resource has changed since it was read.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not of a media type that this operation takes.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The Idempotency-Key was used for another request.",
    HTTPStatus.PRECONDITION_REQUIRED: "The change needs If-Match.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests; `Retry-After` says when to go on.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something is wrong on our side; `instance` is what to tell the operator.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now; `Retry-After` says when.",
}
_KIND_OF: Final = {
    error.v3: kind for kind, error in reversed(HTTP_ERRORS.items()) if kind is not ErrorKind.ALREADY_REVOKED
}
_RATE_LIMITS: Final = {
    "RateLimit": "What is left of each limit, and in how many seconds all of it is again.",
    "RateLimit-Policy": "The limits: how many requests in how many seconds.",
}


def document_of(app: FastAPI, external_url: str, description: str, tags: list[dict[str, str]]) -> Json:
    """Return the document of the application; it never changes while the application serves."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Certificates, orders and everything around them, as resources.",
        description=description,
        routes=app.routes,
        tags=tags,
        servers=[{"url": external_url}],
        separate_input_output_schemas=False,
    )
    schemas: Json = document["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["headers"] = {name: _header(said) for name, said in _RATE_LIMITS.items()}
    schemas["Problem"] = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas |= schemas["Problem"].pop("$defs", {})
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(operation, path, method, schemas)
    return document


def _complete(operation: Json, path: str, method: str, schemas: Json) -> None:
    """Add what every operation takes and answers beside its own."""
    for_users = "security" in operation
    parameters: list[Json] = operation.setdefault("parameters", [])
    answers: Json = operation["responses"]
    answers.pop("422", None)
    errors = {*_ALWAYS} if for_users else {*_ALWAYS} - {HTTPStatus.FORBIDDEN}
    names_something = any("pattern" in str(parameter["schema"]) for parameter in parameters)
    if names_something or "{" in path or "requestBody" in operation:
        errors.add(HTTPStatus.NOT_FOUND)
    if method in _CHANGES:
        errors.add(HTTPStatus.CONFLICT)
    if method == "post" and for_users:
        errors.add(HTTPStatus.UNPROCESSABLE_ENTITY)
        parameters.append(_idempotency_key())
    for parameter in parameters:
        if parameter["name"] == "accept":
            errors.add(HTTPStatus.NOT_ACCEPTABLE)
        if parameter["name"] == "If-Match":
            parameter |= {"required": True, "schema": {"type": "string"}, "example": "*"}
            errors |= {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED}
    for status in sorted(errors):
        answers[str(int(status))] = _refusal(status)
    for answer in answers.values():
        if for_users:
            headers = answer.setdefault("headers", {})
            headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE_LIMITS}
        _complete_content(answer.get("content", {}), schemas)
    _complete_content(operation.get("requestBody", {}).get("content", {}), schemas)


def _idempotency_key() -> Json:
    return {
        "name": idempotency.HEADER,
        "in": "header",
        "required": False,
        "description": "Of any number of requests with one key and the same content one is carried out; the others "
        f"get its answer, with `{idempotency.REPLAYED}: true`. A key is kept for 24 hours.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[A-Za-z0-9._:/+=-]+$"},
        "example": "7c1f2f0e-3a0b-4d5c-9a57-6f0d1b7f8f11",
    }


def _refusal(status: HTTPStatus) -> Json:
    kind = _KIND_OF[status]
    example = {
        "type": f"urn:trivium:error:{kind}",
        "title": status.phrase,
        "status": int(status),
        "detail": _WHY[status],
        "instance": "err-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12",
        "errors": [],
    }
    answer = {
        "description": _WHY[status],
        "content": {PROBLEM: {"schema": {"$ref": f"{_SCHEMAS}Problem"}, "example": example}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        answer["headers"] = {"Retry-After": {**_header("Seconds to wait."), "schema": {"type": "integer"}}}
    return answer


def _header(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


def _complete_content(content: Json, schemas: Mapping[str, Any]) -> None:
    for media_type, body in content.items():
        if media_type == _JSON and "example" not in body and "examples" not in body:
            body["example"] = example_of(body["schema"], schemas)
        body["schema"] = body.get("schema") or _BYTES


def example_of(schema: Json, schemas: Mapping[str, Any]) -> Any:
    """Return an example of a schema: its own, or one made of those of its parts."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_SCHEMAS)], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    for constant in ("const", "default"):
        if schema.get(constant) is not None:
            return schema[constant]
    if "enum" in schema:
        return schema["enum"][0]
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if alternatives:
        return example_of(alternatives[0], schemas)
    return _of_type(schema, schemas)


def _of_type(schema: Json, schemas: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            return {name: example_of(one, schemas) for name, one in schema.get("properties", {}).items()}
        case "array":
            return [example_of(schema["items"], schemas)]
        case "integer" | "number" as kind:
            least = schema.get("minimum", 1)
            return int(least) if kind == "integer" else least  # pydantic writes 1.0 for what may be null
        case "boolean":
            return False
        case "string":
            return "text"
    return None
