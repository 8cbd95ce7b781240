"""ACME: accounts, tokens (challenges) and the external account keys that bind accounts to a Client."""

import base64
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import accounts, external_account_keys, queries
from ca_core.access.authorisation import clients_with
from ca_core.access.external_account_keys import ExternalAccountKeyRequest
from ca_core.model.accounts import AccountStatus
from ca_core.model.authorizations import ChallengeStatus, ValidationMethod
from ca_core.model.external_accounts import ExternalAccountKey
from ca_core.model.permissions import Permission
from ca_core.model.products import Road
from ca_core.model.repositories.accounts import AccountSearch
from ca_core.model.repositories.authorizations import ChallengeSearch
from gateway.admin.choices import asked_clients, client_names, clients_that, products
from gateway.admin.page import act, show
from gateway.admin.paging import PAGE, following
from gateway.admin.sections import ACME
from gateway.admin.visit import Visit


async def acme_accounts(visit: Visit) -> Response:
    """Show the accounts, newest first."""
    wanted = AccountSearch(
        client_ids=asked_clients(visit),
        status=visit.choice("status", AccountStatus),
        contact=visit.query("contact") or None,
        thumbprint=visit.query("thumbprint") or None,
        before=visit.query("before") or None,
        limit=PAGE,
    )
    found = await queries.accounts(visit.core, wanted, visit.principal)
    return await visit.page(
        "acme_accounts.html",
        accounts=found,
        may_end=clients_that(visit, Permission.ACME_ACCOUNT_DELETE, [one.client_id for one in found]),
        clients=await client_names(visit),
        products={one.id: one.name for one in await products(visit)},
        statuses=[*AccountStatus],
        following=following(visit, [one.id for one in found]),
        directory_url=f"{visit.front_end.external_url}/acme/directory",
    )


async def end_acme_account(visit: Visit) -> Response:
    """End an account for ever."""
    await accounts.revoke(visit.core, visit.path("account_id"), visit.principal)
    return visit.to("/admin/acme", "account-ended")


async def acme_tokens(visit: Visit) -> Response:
    """Show the tokens with domain, method, validity and status, newest first."""
    wanted = ChallengeSearch(
        client_ids=asked_clients(visit),
        identifier=visit.query("domain") or None,
        account_id=visit.query("account") or None,
        method=visit.choice("method", ValidationMethod),
        status=visit.choice("status", ChallengeStatus),
        enrolled_at=visit.core.sources.now() if visit.query("enrolled") else None,
        before=visit.query("before") or None,
        limit=PAGE,
    )
    found = await queries.challenges(visit.core, wanted, visit.principal)
    return await visit.page(
        "acme_tokens.html",
        tokens=found,
        clients=await client_names(visit),
        methods=[*ValidationMethod],
        statuses=[*ChallengeStatus],
        following=following(visit, [one.id for one in found]),
    )


async def external_account_key_list(visit: Visit) -> Response:
    """Show the external account keys, newest first, and the form that makes one."""
    return await _keys(visit, HTTPStatus.OK)


async def make_external_account_key(visit: Visit) -> Response:
    """Make a key, and show its secret this once with the commands that use it."""
    request = ExternalAccountKeyRequest(
        client_id=visit.form.text("client"),
        product_ids=tuple(visit.form.texts("product")),
        reusable=visit.form.ticked("reusable"),
        comment=visit.form.text("comment"),
    )
    # Whoever may not see the list would not get to see the secret either.
    await external_account_keys.search(visit.core, visit.principal, before=None, limit=1)
    key, secret = await external_account_keys.create(visit.core, request, visit.principal)
    hmac = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    return await _keys(visit, HTTPStatus.CREATED, made=key, hmac=hmac)


async def revoke_external_account_key(visit: Visit) -> Response:
    """End a key; accounts that it has bound stay as they are."""
    await external_account_keys.revoke(visit.core, visit.path("key_id"), visit.principal)
    return visit.to("/admin/acme/keys", "key-revoked")


async def _keys(visit: Visit, status: HTTPStatus, made: ExternalAccountKey | None = None, hmac: str = "") -> Response:
    found = await external_account_keys.search(
        visit.core,
        visit.principal,
        client_ids=asked_clients(visit),
        before=visit.query("before") or None,
        limit=PAGE,
    )
    may_revoke = clients_that(visit, Permission.EXTERNAL_ACCOUNT_KEY_DELETE, [one.client_id for one in found])
    orderable = await products(visit, Road.ACME)
    may_make = clients_with(visit.principal, Permission.EXTERNAL_ACCOUNT_KEY_CREATE)
    return await visit.page(
        "acme_keys.html",
        status=status,
        keys=found,
        may_revoke=may_revoke,
        clients=await client_names(visit),
        orderable=[one for one in orderable if may_make is None or one.client_id in may_make],
        products={one.id: one.name for one in orderable},
        following=following(visit, [one.id for one in found]),
        directory_url=f"{visit.front_end.external_url}/eab/directory",
        made=made,
        hmac=hmac,
    )


routes: Final[list[Route]] = [
    show("", acme_accounts, ACME),
    act("/accounts/{account_id}/end", end_acme_account, ACME),
    show("/tokens", acme_tokens, ACME),
    show("/keys", external_account_key_list, ACME),
    act("/keys", make_external_account_key, ACME),
    act("/keys/{key_id}/revoke", revoke_external_account_key, ACME),
]
