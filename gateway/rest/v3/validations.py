"""Pending validations: the names that hold orders up, and the ways to show control of each."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.model.authorizations import ValidationMethod
from ca_core.orders import pending_names, pending_validation
from ca_core.orders.pending_names import PendingName
from gateway.rest.v3.ids import AuthorizationId, ClientId, OrderId
from gateway.rest.v3.names import Name, name_of
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, linked_page
from gateway.rest.v3.refusals import Problem, problem_of
from gateway.rest.v3.schema import Count, Line, Schema, Time, list_answer

router = APIRouter(prefix="/v3", tags=["Domains"], route_class=ResourceOperation)


class Way(Schema):
    """One way to show control: `value` at one of `places`."""

    method: ValidationMethod
    places: Annotated[list[str], Field(description="Names of TXT records, or a URL.")]
    value: str
    error: Annotated[Problem | None, Field(description="What the last look there saw.")] = None


class PendingValidation(Schema):
    """A name that holds an order up; any one of the ways will do."""

    order: OrderId
    client: ClientId
    authorization: AuthorizationId
    name: Name
    ways: list[Way]
    expires_at: Annotated[Time, Field(description="When the order fails if nothing is shown by then.")]
    looks: Annotated[Count, Field(description="How often it was looked for.")]
    looked_at: Time | None = None
    next_look_at: Time | None = None


class PendingQuery(PageQuery):
    """Which orders are asked for; `limit` counts them, and an order may wait for several names."""

    client: ClientId | None = None
    text: Annotated[Line | None, Field(description="In a name of the order; `?` and `*` are wildcards.")] = None


def _pending_of(pending: PendingName) -> PendingValidation:
    return PendingValidation.model_construct(
        order=pending.order_id,
        client=pending.client_id,
        authorization=pending.authorization_id,
        name=name_of(pending.name),
        ways=[
            Way.model_construct(
                method=way.method,
                places=[*way.places],
                value=way.value,
                error=None if way.error is None else problem_of(way.error),
            )
            for way in pending.ways
        ],
        expires_at=pending.expires_at,
        looks=pending.looks,
        looked_at=pending.looked_at,
        next_look_at=pending.next_look_at,
    )


@router.get("/pending-validations", response_model=Page[PendingValidation])
async def list_pending_validations(caller: Called, query: Annotated[PendingQuery, Query()]) -> Response:
    """List the names that hold up orders of a Client, or of all your Clients, oldest order first."""
    found = await pending_names.search(
        caller.core,
        caller.principal,
        client_id=query.client,
        text=query.text or "",
        after=query.place or "",
        limit=query.limit,
    )
    return linked_page(caller.request, [_pending_of(one) for one in found.names], following=found.next)


@router.get("/orders/{order_id}/pending-validations", response_model=list[PendingValidation])
async def list_order_pending_validations(caller: Called, order_id: OrderId) -> Response:
    """List the names that hold an order up."""
    found = await pending_names.pending(caller.core, caller.principal, order_id=order_id)
    return list_answer([_pending_of(one) for one in found])


@router.post("/orders/{order_id}/validate", response_model=list[PendingValidation])
async def validate_order(caller: Called, order_id: OrderId) -> Response:
    """Look for control of every name that holds an order up now; answers with those that still do."""
    found = await pending_validation.validate(caller.core, order_id, caller.principal)
    return list_answer([_pending_of(one) for one in found])
