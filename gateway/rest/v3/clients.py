"""Clients: the tenants that the user acts for."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.access import client_queries, suspension
from ca_core.access import clients as commands
from ca_core.model import clients
from ca_core.model.store import Transaction
from gateway.rest.v3.ids import ClientId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Flag, Line, Schema, Text, Time, json_answer
from gateway.rest.v3.suspension import Suspension
from gateway.rest.v3.users import MadeUser, made_user_of

router = APIRouter(prefix="/v3/clients", tags=["Clients"], route_class=ResourceOperation)


class Settings(Schema):
    """What a Client may do beyond its products."""

    plain_get: Annotated[Flag, Field(description="Whether its ACME resources answer a plain GET.")] = False
    require_eab: Annotated[Flag, Field(description="Whether its ACME accounts need an external account key.")] = False
    cmc: Annotated[Flag, Field(description="Whether its CMC clients are let in.")] = False


class Client(Schema):
    """A tenant, for which products are ordered."""

    id: ClientId
    name: Annotated[str, Field(examples=["Example AG"])]
    description: str
    suspended: Annotated[Flag, Field(description="Whether nothing is ordered for it for now.")]
    settings: Settings
    created_at: Time


class NewClient(Schema):
    """A Client to be made; its service account and key are made with it."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["example"])]
    description: Text = ""
    settings: Settings = Settings()


class ClientChange(Schema):
    """What is to become different of a Client; what is left out stays as it is."""

    description: Text | None = None
    settings: Settings | None = None


class MadeClient(Schema):
    """A new Client with its service account, whose key is in this answer alone."""

    client: Client
    account: MadeUser


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
        settings=Settings(**vars(client.settings)),
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
    shown = client_of(await client_queries.get(caller.core, client_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("", response_model=MadeClient, status_code=201)
async def create_client(caller: Called, wanted: NewClient) -> Response:
    """Make a Client with its service account and an API key of that."""
    settings = clients.ClientSettings(**dict(wanted.settings))
    made = await commands.create(
        caller.core, wanted.name, caller.principal, description=wanted.description, settings=settings
    )
    shown = MadeClient.model_construct(client=client_of(made.client), account=made_user_of(made.account))
    return json_answer(shown, 201, location=f"{caller.front_end.external_url}/v3/clients/{made.client.id}")


@router.patch("/{client_id}", response_model=Client)
async def change_client(caller: Called, client_id: ClientId, wanted: ClientChange, if_match: IfMatch) -> Response:
    """Change what a Client is said to be, and what it may do beyond its products."""

    def now(tx: Transaction) -> Client | None:
        client = tx.clients.get(client_id)
        return None if client is None else client_of(client)

    caller.first_write.also(if_match.of(now))
    settings = None if wanted.settings is None else clients.ClientSettings(**dict(wanted.settings))
    changed = await commands.change(
        caller.core, client_id, caller.principal, description=wanted.description, settings=settings
    )
    shown = client_of(changed)
    return json_answer(shown, etag=tag_of(shown))


@router.post("/{client_id}/suspend", response_model=Client)
async def suspend_client(caller: Called, client_id: ClientId, wanted: Suspension) -> Response:
    """Suspend a Client at once: nobody acts for it, and its orders that wait are stopped."""
    shown = client_of(await suspension.suspend_client(caller.core, client_id, wanted.reason, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/{client_id}/resume", response_model=Client)
async def resume_client(caller: Called, client_id: ClientId) -> Response:
    """Let a Client go on; the orders that were stopped stay so."""
    shown = client_of(await suspension.resume_client(caller.core, client_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))
