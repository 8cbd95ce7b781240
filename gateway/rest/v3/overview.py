"""The overview: what needs looking after, in figures."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core import overview as core
from ca_core.model.issuers import IssuerKind
from ca_core.model.orders import OrderState
from gateway.rest.v3.ids import ClientId, IssuerId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.schema import Count, Flag, Schema, Time, json_answer

router = APIRouter(prefix="/v3/overview", tags=["Overview"], route_class=ResourceOperation)


class Week(Schema):
    """The certificates that end within seven days."""

    start: Time
    end: Annotated[Time, Field(description="Not included.")]
    certificates: Annotated[Count, Field(examples=[17])]
    external: Annotated[Count, Field(description="Those of other CAs, of `/v3/external-certificates`.", examples=[2])]


class OrdersInState(Schema):
    """How many orders are in a state."""

    state: OrderState
    orders: Annotated[Count, Field(examples=[4211])]


class CrlHealth(Schema):
    """An issuer's newest CRL; without a number it has published none."""

    issuer: IssuerId
    name: Annotated[str, Field(examples=["issuing"])]
    kind: IssuerKind
    number: Annotated[Count | None, Field(examples=[1042])]
    this_update: Time | None
    next_update: Time | None
    overdue: Annotated[Flag, Field(description="Whether there should be another one by now.")]


class Overview(Schema):
    """The figures; null is what you may not see."""

    at: Time
    ending: Annotated[list[Week] | None, Field(description="From now on; revoked ones are not counted.")]
    orders: Annotated[list[OrdersInState] | None, Field(description="States without orders are left out.")]
    pending_validations: Annotated[
        Count | None, Field(description="Orders that wait for control of their names alone.", examples=[3])
    ]
    pending_approvals: Annotated[
        Count | None, Field(description="Issuances and revocations that wait for approvals.", examples=[2])
    ]
    crls: list[CrlHealth] | None


class OverviewQuery(Schema):
    """What the figures are of."""

    client: Annotated[ClientId | None, Field(description="Null: all of yours.")] = None
    weeks: Annotated[int, Field(ge=1, le=core.MAX_WEEKS, description="How many weeks ahead.")] = 12


def _crl_of(health: core.CrlHealth) -> CrlHealth:
    issuer, newest = health.issuer, health.newest
    return CrlHealth.model_construct(
        issuer=issuer.id,
        name=issuer.name,
        kind=issuer.kind,
        number=newest and newest.number,
        this_update=newest and newest.this_update,
        next_update=newest and newest.next_update,
        overdue=health.overdue,
    )


def _overview_of(found: core.Overview) -> Overview:
    weeks, orders, crls = found.ending, found.orders, found.crls
    return Overview.model_construct(
        at=found.now,
        ending=None if weeks is None else [Week.model_construct(**vars(one)) for one in weeks],
        orders=None
        if orders is None
        else [OrdersInState.model_construct(state=one, orders=orders[one]) for one in OrderState if one in orders],
        pending_validations=found.validations,
        pending_approvals=found.approvals,
        crls=None if crls is None else [_crl_of(one) for one in crls],
    )


@router.get("", response_model=Overview)
async def get_overview(caller: Called, query: Annotated[OverviewQuery, Query()]) -> Response:
    """Read what ends when, how the orders are, what waits for somebody, and how the CRLs are."""
    found = await core.overview(caller.core, caller.principal, client_id=query.client, weeks=query.weeks)
    return json_answer(_overview_of(found))
