"""Who asks: the bearer token of a request, looked at before its body is read."""

from typing import Annotated, ClassVar, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ca_core.access.tokens import authenticate
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.rest.front_end import Asked, front_end_of, peer_address
from gateway.rest.operation import Operation

MAX_BODY: Final = 8 * 1024 * 1024
"""The largest request body of a user in bytes: an order with registration documents in base64."""

_bearer = HTTPBearer(auto_error=False, scheme_name="bearerAuth", bearerFormat="JWT")


class AuthenticatedOperation(Operation):
    """An operation for users: a stranger's body is neither read nor parsed."""

    max_body: ClassVar[int] = MAX_BODY

    async def prepare(self, request: Request) -> None:
        """Find out who asks; raises UNAUTHENTICATED."""
        await super().prepare(request)
        front_end = front_end_of(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TriviumError(ErrorKind.UNAUTHENTICATED, "The request needs the header `Authorization: Bearer TOKEN`.")
        request.state.principal = await authenticate(front_end.core, token.strip(), peer_address(request))


def asked(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Asked:
    """Return who asks; the credentials are a parameter for the OpenAPI document alone."""
    return Asked(front_end=front_end_of(request), principal=request.state.principal)


Authenticated = Annotated[Asked, Depends(asked)]
"""The parameter of every operation of a router whose ``route_class`` is :class:`AuthenticatedOperation`."""
