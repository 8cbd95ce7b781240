"""Clients: the tenants that the user acts for."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.access import client_queries
from ca_core.model import clients
from gateway.rest.v3.ids import ClientId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.schema import Flag, Line, Schema, Time, json_answer

router = APIRouter(prefix="/v3/clients", tags=["Clients"], route_class=ResourceOperation)


class Client(Schema):
    """A tenant, for which products are ordered."""

    id: ClientId
    name: Annotated[str, Field(examples=["Example AG"])]
    description: str
    suspended: Annotated[Flag, Field(description="Whether nothing is ordered for it for now.")]
    created_at: Time


class ClientQuery(PageQuery):
    """Which Clients are asked for."""

    text: Annotated[Line | None, Field(description="Part of the name or description; `?` and `*` are wildcards.")] = (
        None
    )


def client_of(client: clients.Client) -> Client:
    """Return a Client as it is shown."""
    return Client(
        id=client.id,
        name=client.name,
        description=client.description,
        suspended=client.suspended,
        created_at=client.created_at,
    )


@router.get("", response_model=Page[Client])
async def list_clients(caller: Called, query: Annotated[ClientQuery, Query()]) -> Response:
    """List the Clients that you act for, oldest first."""
    found = await client_queries.search(
        caller.core, caller.principal, text=query.text, after=query.place, limit=query.limit
    )
    return page_answer(caller.request, query, [client_of(one) for one in found], [one.id for one in found])


@router.get("/{client_id}", response_model=Client)
async def get_client(caller: Called, client_id: ClientId) -> Response:
    """Read a Client."""
    return json_answer(client_of(await client_queries.get(caller.core, client_id, caller.principal)))
