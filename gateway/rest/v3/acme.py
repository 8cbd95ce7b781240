"""ACME: accounts, tokens (challenges) and the external account keys that bind accounts to a Client."""

import base64
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.access import accounts as commands
from ca_core.access import external_account_keys, queries
from ca_core.access.external_account_keys import ExternalAccountKeyRequest
from ca_core.model import accounts, authorizations, external_accounts
from ca_core.model.accounts import AccountStatus
from ca_core.model.authorizations import AuthorizationStatus, ChallengeStatus, ValidationMethod
from ca_core.model.external_accounts import ExternalAccountKeyStatus
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from gateway.rest.v3.ids import (
    AccountId,
    AuthorizationId,
    ChallengeId,
    ClientId,
    ExternalAccountKeyId,
    ProductId,
)
from gateway.rest.v3.names import Name
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.schema import Flag, Line, Schema, Text, Time, json_answer

router = APIRouter(prefix="/v3", tags=["ACME"], route_class=ResourceOperation)


class Account(Schema):
    """An ACME account (RFC 8555)."""

    id: AccountId
    client: ClientId
    product: ProductId
    status: AccountStatus
    thumbprint: Annotated[str, Field(description="Of its key (RFC 7638).")]
    contacts: Annotated[list[str], Field(examples=[["mailto:it@example.com"]])]
    external_account_key: ExternalAccountKeyId | None = None
    created_at: Time


class AccountQuery(PageQuery):
    """Which accounts are asked for."""

    client: ClientId | None = None
    status: AccountStatus | None = None
    contact: Annotated[Line | None, Field(description="Part of a contact.")] = None
    thumbprint: Line | None = None
    external_account_key: ExternalAccountKeyId | None = None


class AcmeToken(Schema):
    """A challenge: the token that shows control of a name, and what became of it."""

    id: ChallengeId
    authorization: AuthorizationId
    client: ClientId
    account: AccountId | None
    name: Name
    method: ValidationMethod
    token: Annotated[str, Field(description="Empty where the method has none.")]
    status: ChallengeStatus
    authorization_status: AuthorizationStatus
    validated_at: Time | None = None
    expires_at: Time


class TokenQuery(PageQuery):
    """Which tokens are asked for."""

    client: ClientId | None = None
    account: AccountId | None = None
    domain: Annotated[Line | None, Field(description="A whole name, without `*.`.")] = None
    method: ValidationMethod | None = None
    status: ChallengeStatus | None = None
    enrolled: Annotated[bool, Field(description="Only those by which control of a name is shown now.")] = False


class NewExternalAccountKey(Schema):
    """A key that ACME accounts are bound with."""

    client: ClientId
    products: Annotated[
        tuple[ProductId, ...], Field(min_length=1, max_length=50, description="What they may order, first the default.")
    ]
    reusable: Annotated[Flag, Field(description="Whether it binds more than one account.")] = False
    comment: Text = ""


class ExternalAccountKey(Schema):
    """A key that ACME accounts are bound with; its id is the `kid`."""

    id: ExternalAccountKeyId
    client: ClientId
    products: list[ProductId]
    reusable: Flag
    status: ExternalAccountKeyStatus
    comment: str
    created_by: str
    created_at: Time
    used_at: Time | None = None
    revoked_at: Time | None = None


class MadeExternalAccountKey(Schema):
    """A new key with its secret, which is shown once."""

    key: ExternalAccountKey
    hmac: Annotated[str, Field(description="The HMAC key in base64url, for the client's configuration.")]


class ExternalAccountKeyQuery(PageQuery):
    """Which keys are asked for."""

    client: ClientId | None = None


def _clients(client: str | None) -> frozenset[str] | None:
    return None if client is None else frozenset({client})


def _account_of(account: accounts.Account) -> Account:
    return Account.model_construct(
        id=account.id,
        client=account.client_id,
        product=account.product_id,
        status=account.status,
        thumbprint=account.thumbprint,
        contacts=[*account.contacts],
        external_account_key=account.binding.key_id if account.binding else None,
        created_at=account.created_at,
    )


def _token_of(found: authorizations.FoundChallenge) -> AcmeToken:
    return AcmeToken.model_construct(
        id=found.id,
        authorization=found.authorization_id,
        client=found.client_id,
        account=found.account_id,
        name=Name.model_construct(
            type=found.identifier.type,
            value=f"*.{found.identifier.value}" if found.wildcard else found.identifier.value,
        ),
        method=found.method,
        token=found.token,
        status=found.status,
        authorization_status=found.authorization_status,
        validated_at=found.validated_at,
        expires_at=found.expires_at,
    )


def _key_of(key: external_accounts.ExternalAccountKey) -> ExternalAccountKey:
    return ExternalAccountKey.model_construct(
        id=key.id,
        client=key.client_id,
        products=[*key.product_ids],
        reusable=key.reusable,
        status=key.status,
        comment=key.comment,
        created_by=key.created_by,
        created_at=key.created_at,
        used_at=key.used_at,
        revoked_at=key.revoked_at,
    )


@router.get("/acme-accounts", response_model=Page[Account])
async def list_acme_accounts(caller: Called, query: Annotated[AccountQuery, Query()]) -> Response:
    """Search ACME accounts, newest first."""
    wanted = AccountSearch(
        client_ids=_clients(query.client),
        status=query.status,
        contact=query.contact,
        thumbprint=query.thumbprint,
        external_account_key_id=query.external_account_key,
        before=query.place,
        limit=query.limit,
    )
    found = await queries.accounts(caller.core, wanted, caller.principal)
    return page_answer(caller.request, query, [_account_of(one) for one in found], [one.id for one in found])


@router.get("/acme-accounts/{account_id}", response_model=Account)
async def get_acme_account(caller: Called, account_id: AccountId) -> Response:
    """Read an ACME account."""
    return json_answer(_account_of(await queries.account(caller.core, account_id, caller.principal)))


@router.post("/acme-accounts/{account_id}/deactivate", response_model=Account)
async def deactivate_acme_account(caller: Called, account_id: AccountId) -> Response:
    """End an ACME account for ever: its client is refused, and its orders that wait are stopped.

    Its status becomes `revoked`, which tells the client that it was not itself (RFC 8555 section 7.1.2).
    """
    return json_answer(_account_of(await commands.revoke(caller.core, account_id, caller.principal)))


@router.get("/acme-tokens", response_model=Page[AcmeToken])
async def list_acme_tokens(caller: Called, query: Annotated[TokenQuery, Query()]) -> Response:
    """Search the challenges of ACME accounts with their names and tokens, newest first."""
    wanted = ChallengeSearch(
        client_ids=_clients(query.client),
        identifier=query.domain,
        account_id=query.account,
        method=query.method,
        status=query.status,
        enrolled_at=caller.core.sources.now() if query.enrolled else None,
        before=query.place,
        limit=query.limit,
    )
    found = await queries.challenges(caller.core, wanted, caller.principal)
    return page_answer(caller.request, query, [_token_of(one) for one in found], [one.id for one in found])


@router.get("/external-account-keys", response_model=Page[ExternalAccountKey])
async def list_external_account_keys(caller: Called, query: Annotated[ExternalAccountKeyQuery, Query()]) -> Response:
    """List external account keys, newest first."""
    found = await external_account_keys.search(
        caller.core, caller.principal, client_ids=_clients(query.client), before=query.place, limit=query.limit
    )
    return page_answer(caller.request, query, [_key_of(one) for one in found], [one.id for one in found])


@router.post("/external-account-keys", response_model=MadeExternalAccountKey, status_code=201)
async def create_external_account_key(caller: Called, wanted: NewExternalAccountKey) -> Response:
    """Make an external account key (RFC 8555 section 7.3.4). Its HMAC key is in this answer alone."""
    request = ExternalAccountKeyRequest(
        client_id=wanted.client, product_ids=wanted.products, reusable=wanted.reusable, comment=wanted.comment
    )
    key, secret = await external_account_keys.create(caller.core, request, caller.principal)
    hmac = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    return json_answer(MadeExternalAccountKey.model_construct(key=_key_of(key), hmac=hmac), 201)


@router.delete("/external-account-keys/{key_id}", response_model=ExternalAccountKey)
async def revoke_external_account_key(caller: Called, key_id: ExternalAccountKeyId) -> Response:
    """End an external account key; accounts that it has bound stay as they are."""
    return json_answer(_key_of(await external_account_keys.revoke(caller.core, key_id, caller.principal)))
