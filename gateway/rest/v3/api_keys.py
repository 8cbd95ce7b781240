"""API keys, which sign the tokens that requests carry, and tokens for who cannot sign them himself."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, SecretStr

from ca_core.access import api_keys as commands
from ca_core.access import suspension, tokens
from ca_core.access.api_keys import MadeKey
from ca_core.model import users
from ca_core.model.store import Transaction
from gateway.rest.front_end import front_end_of, peer_address
from gateway.rest.operation import Operation
from gateway.rest.v3.ids import ApiKeyId, ClientId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.revisions import IfMatch, tag_of
from gateway.rest.v3.schema import Schema, Time, json_answer, list_answer
from gateway.rest.v3.suspension import Suspension

router = APIRouter(prefix="/v3", tags=["API keys"], route_class=ResourceOperation)
token_router = APIRouter(prefix="/v3", tags=["API keys"], route_class=Operation)

Networks = Annotated[
    tuple[Annotated[str, Field(max_length=64, examples=["192.0.2.0/24"])], ...],
    Field(max_length=100, description="Addresses and networks it may be used from; any without one."),
]
_Name = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@+-]*$", examples=["shop"])]


class ApiKey(Schema):
    """A key of a user, without its secret."""

    id: ApiKeyId
    user: str
    client: Annotated[ClientId | None, Field(description="For which it is; null: for every one.")]
    networks: list[str]
    created_by: str
    created_at: Time
    renewed_at: Annotated[Time | None, Field(description="When another took its place.")] = None
    expires_at: Annotated[Time | None, Field(description="When it then ends.")] = None
    exposed_at: Annotated[Time | None, Field(description="When it was last sent in a URL: replace it.")] = None
    suspended: Annotated[str | None, Field(description="Why it may not be used for now.")] = None


class MadeApiKey(Schema):
    """A new key with its secret, 64 letters and digits, which is in this answer alone."""

    key: ApiKey
    secret: str


class NewApiKey(Schema):
    """A key to be made."""

    client: Annotated[ClientId | None, Field(description="For which it is; null: for every one.")]
    networks: Networks = ()


class Restriction(Schema):
    """From where a key may be used."""

    networks: Networks


class Credentials(Schema):
    """A user and one of his keys."""

    user: Annotated[str, Field(min_length=1, max_length=128, examples=["shop"])]
    secret: Annotated[SecretStr, Field(min_length=1, max_length=128, examples=["p7Jt...64 letters and digits...Qx2"])]


class IssuedToken(Schema):
    """A token for the header `Authorization: Bearer`."""

    token: Annotated[str, Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature"])]


def key_of(key: users.ApiKey) -> ApiKey:
    """Return a key as it is shown."""
    return ApiKey.model_construct(
        id=key.id,
        user=key.user_id,
        client=key.client_id,
        networks=[*key.networks],
        created_by=key.created_by,
        created_at=key.created_at,
        renewed_at=key.renewed_at,
        expires_at=key.expires_at,
        exposed_at=key.exposed_at,
        suspended=key.suspended,
    )


def made_key_of(made: MadeKey) -> MadeApiKey:
    """Return a new key as it is shown, once."""
    return MadeApiKey.model_construct(key=key_of(made.key), secret=made.secret)


@token_router.post("/tokens", response_model=IssuedToken)
async def issue_token(request: Request, shown: Credentials) -> Response:
    """Get a token for a key. Whoever can sign HMAC-SHA256 makes his own, and never sends the key."""
    token = await tokens.issue_token(
        front_end_of(request).core, shown.user, shown.secret.get_secret_value(), peer_address(request)
    )
    return json_answer(IssuedToken.model_construct(token=token))


@router.get("/users/{name}/api-keys", response_model=list[ApiKey])
async def list_api_keys(caller: Called, name: _Name) -> Response:
    """List the keys of a user, newest first."""
    return list_answer([key_of(one) for one in await commands.listing(caller.core, name, caller.principal)])


@router.post("/users/{name}/api-keys", response_model=MadeApiKey, status_code=201)
async def create_api_key(caller: Called, name: _Name, wanted: NewApiKey) -> Response:
    """Make a user a key; a role above his may make it for a user who lacks the permission himself."""
    made = await commands.create(caller.core, name, wanted.client, caller.principal, networks=wanted.networks)
    location = f"{caller.front_end.external_url}/v3/api-keys/{made.key.id}"
    return json_answer(made_key_of(made), 201, location=location)


@router.get("/api-keys/{key_id}", response_model=ApiKey)
async def get_api_key(caller: Called, key_id: ApiKeyId) -> Response:
    """Read a key, without its secret."""
    shown = key_of(await commands.get(caller.core, key_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.patch("/api-keys/{key_id}", response_model=ApiKey)
async def restrict_api_key(caller: Called, key_id: ApiKeyId, wanted: Restriction, if_match: IfMatch) -> Response:
    """Say from where a key may be used."""

    def now(tx: Transaction) -> ApiKey | None:
        key = tx.api_keys.get(key_id)
        return None if key is None else key_of(key)

    caller.first_write.also(if_match.of(now))
    shown = key_of(await commands.restrict(caller.core, key_id, wanted.networks, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/api-keys/{key_id}/renew", response_model=MadeApiKey, status_code=201)
async def renew_api_key(caller: Called, key_id: ApiKeyId) -> Response:
    """Make a key in the place of one, which works on for seven days."""
    return json_answer(made_key_of(await commands.renew(caller.core, key_id, caller.principal)), 201)


@router.post("/api-keys/{key_id}/suspend", response_model=ApiKey)
async def suspend_api_key(caller: Called, key_id: ApiKeyId, wanted: Suspension) -> Response:
    """Suspend a key at once: tokens signed with it do not count, and what it ordered and waits is stopped."""
    shown = key_of(await suspension.suspend_key(caller.core, key_id, wanted.reason, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/api-keys/{key_id}/resume", response_model=ApiKey)
async def resume_api_key(caller: Called, key_id: ApiKeyId) -> Response:
    """Let a key count again, which its user may not do himself."""
    shown = key_of(await suspension.resume_key(caller.core, key_id, caller.principal))
    return json_answer(shown, etag=tag_of(shown))


@router.delete("/api-keys/{key_id}", status_code=204)
async def delete_api_key(caller: Called, key_id: ApiKeyId) -> None:
    """Delete a key, which stops working at once. Only the operator of the CA may."""
    await commands.delete(caller.core, key_id, caller.principal)
