"""How the operations of version 2 are declared: paths as published, members left out rather than null, its errors."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Path, Response

from gateway.rest.authentication import AuthenticatedOperation
from gateway.rest.v2.refusals import APIError
from gateway.rest.v2.schemas.base import ClientReference, DomainReference, OrderReference, ProductReference

Operation = TypeVar("Operation", bound=Callable[..., Any])

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    int(status): {"model": APIError, "description": status.phrase}
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
}

ClientInPath = Annotated[ClientReference, Path(alias="clientReference")]
ProductInPath = Annotated[ProductReference, Path(alias="productReference")]
OrderInPath = Annotated[OrderReference, Path(alias="orderReference")]
DomainInPath = Annotated[DomainReference, Path(alias="prevalidatedDomainReference")]


def router() -> APIRouter:
    """Return a router of operations for users."""
    return APIRouter(prefix="/v2", route_class=AuthenticatedOperation)


def published(
    of: APIRouter, path: str, operation_id: str, *, status: HTTPStatus = HTTPStatus.OK
) -> Callable[[Operation], Operation]:
    """Declare an operation as the document has it; all of them are POST."""
    empty: dict[str, Any] = {"response_class": Response} if status is HTTPStatus.NO_CONTENT else {}
    return of.post(
        path,
        operation_id=operation_id,
        status_code=status,
        responses=ERRORS,
        response_model_exclude_none=True,
        **empty,
    )
