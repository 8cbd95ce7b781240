"""Tokens for those who show a user's API key."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request
from fastapi.responses import PlainTextResponse

from ca_core.access.tokens import issue_token
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.rest.front_end import front_end_of, peer_address
from gateway.rest.operation import Operation
from gateway.rest.v2.operations import ERRORS

_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {"userSecret": {"type": "string"}},
                    "required": ["userSecret"],
                }
            }
        },
    }
}
_FIELDS: Final = 8
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": error["description"],
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/APIError"}}},
    }
    for status, error in ERRORS.items()
}
"""The token is plain text, and what is refused is JSON all the same."""

tokens = APIRouter(prefix="/v2", route_class=Operation)


@tokens.post(
    "/jwt/{userName}",
    operation_id="jwt",
    response_class=PlainTextResponse,
    responses=_ERRORS,
    openapi_extra=_FORM,
)
async def jwt(request: Request, user_name: Annotated[str, Path(alias="userName")]) -> str:
    """Return a token, good for some hours, for whoever knows the user's API key."""
    secret = _secret(await request.body())
    return await issue_token(front_end_of(request).core, user_name, secret, peer_address(request))


def _secret(body: bytes) -> str:
    """Return the secret of a form; raises MALFORMED."""
    try:
        values = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS).get("userSecret", [])
    except ValueError:
        values = []
    if len(values) != 1:
        raise TriviumError(
            ErrorKind.MALFORMED,
            "Send the API key in the body, once: userSecret=KEY (application/x-www-form-urlencoded).",
        )
    return values[0]


exposing = APIRouter(prefix="/v2", route_class=Operation, include_in_schema=False)
"""What old clients ask for, where the settings allow it: the URL, and so whoever logs it, knows the key (abuse 50)."""


@exposing.get("/jwt/{userName}/{key}", response_class=PlainTextResponse)
async def jwt_by_key_in_url(request: Request, user_name: Annotated[str, Path(alias="userName")], key: str) -> str:
    """Return a token as :func:`jwt` does, and mark the key as exposed."""
    return await issue_token(front_end_of(request).core, user_name, key, peer_address(request), exposed=True)
