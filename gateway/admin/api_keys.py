"""API keys, one's own and those of users one looks after: make, renew, bind to networks, suspend, delete."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import api_keys as access
from ca_core.access import client_queries, suspension, users
from ca_core.access.api_keys import MadeKey
from ca_core.access.authorisation import permitted
from ca_core.access.visibility import not_found
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from ca_core.model.users import ApiKey, Assignment
from gateway.admin.page import act, show
from gateway.admin.sections import ACCOUNT, API_KEYS, USERS
from gateway.admin.visit import Visit

EVERY_CLIENT: Final = "*"
"""What a form says in the place of a Client's id for every Client there is."""


def may_have_key_for(visit: Visit, assignments: Sequence[Assignment]) -> list[str | None]:
    """Return for which Clients the visitor may make a key for who has these roles; None: for every one."""
    clients = sorted({one.client_id for one in assignments}, key=lambda client_id: client_id or "")
    return [one for one in clients if permitted(visit.principal, Permission.ACCOUNT_API_KEY_CREATE, one)]


def networks_of(visit: Visit) -> tuple[str, ...]:
    """Return the addresses and networks of a form, which stand on lines or between commas."""
    return tuple(visit.form.text("networks").replace(",", " ").split())


def token_url(visit: Visit) -> str:
    """Return where programs get a token for a key."""
    return f"{visit.front_end.external_url}/v3/tokens"


async def new_api_key(visit: Visit) -> Response:
    """Show the form for a new key of a user."""
    return await _new(visit)


async def create_api_key(visit: Visit) -> Response:
    """Make a key and show it, this once."""
    client = visit.form.text("client")
    client_id = None if client == EVERY_CLIENT else client
    made = await access.create(visit.core, visit.path("name"), client_id, visit.principal, networks=networks_of(visit))
    return await _made(visit, made)


async def api_key(visit: Visit) -> Response:
    """Show a key, without its secret, and what can be done with it."""
    return await _one(visit)


async def renew_api_key(visit: Visit) -> Response:
    """Make a key in the place of one, which works for seven more days, and show it, this once."""
    key = await _key(visit)
    return await _made(visit, await access.renew(visit.core, key.id, visit.principal))


async def restrict_api_key(visit: Visit) -> Response:
    """Say from which networks a key may be used."""
    key = await _key(visit)
    await access.restrict(visit.core, key.id, networks_of(visit), visit.principal)
    return visit.to(_path(visit, key), "saved")


async def suspend_api_key(visit: Visit) -> Response:
    """Let a key be of no use for now."""
    key = await _key(visit)
    await suspension.suspend_key(visit.core, key.id, visit.form.text("reason"), visit.principal)
    return visit.to(_path(visit, key), "key-suspended")


async def resume_api_key(visit: Visit) -> Response:
    """Let a key be used again."""
    key = await _key(visit)
    await suspension.resume_key(visit.core, key.id, visit.principal)
    return visit.to(_path(visit, key), "key-resumed")


async def delete_api_key(visit: Visit) -> Response:
    """Delete a key, which stops working at once."""
    key = await _key(visit)
    await access.delete(visit.core, key.id, visit.principal)
    return visit.to(_home(visit), "key-deleted")


async def _new(visit: Visit, problem: Problem | None = None) -> Response:
    clients = may_have_key_for(visit, await users.assignments(visit.core, visit.path("name"), visit.principal))
    return await visit.page(
        "api_key_new.html",
        problem=problem,
        name=visit.path("name"),
        home=_home(visit),
        clients=clients,
        names=await client_queries.names(visit.core, clients, visit.principal),
        every_client=EVERY_CLIENT,
    )


async def _made(visit: Visit, made: MadeKey) -> Response:
    return await visit.page(
        "api_key_made.html",
        status=HTTPStatus.CREATED,
        made=made,
        name=visit.path("name"),
        home=_home(visit),
        token_url=token_url(visit),
    )


async def _one(visit: Visit, problem: Problem | None = None) -> Response:
    key = await _key(visit)
    may_update = permitted(visit.principal, Permission.ACCOUNT_API_KEY_UPDATE, key.client_id)
    return await visit.page(
        "api_key.html",
        problem=problem,
        key=key,
        path=_path(visit, key),
        name=visit.path("name"),
        home=_home(visit),
        now=visit.core.sources.now(),
        names=await client_queries.names(visit.core, [key.client_id], visit.principal),
        may_update=may_update,
        may_resume=may_update and permitted(visit.principal, Permission.USER_UPDATE, key.client_id),
        may_delete=permitted(visit.principal, Permission.ACCOUNT_API_KEY_DELETE, key.client_id),
    )


async def _key(visit: Visit) -> ApiKey:
    """Return the user's key that the address names; raises NOT_FOUND."""
    keys = await access.listing(visit.core, visit.path("name"), visit.principal)
    found = next((one for one in keys if one.id == visit.path("key_id")), None)
    if found is None:
        raise not_found("API key")
    return found


def _path(visit: Visit, key: ApiKey) -> str:
    return f"{API_KEYS.path}/{visit.path('name')}/{key.id}"


def _home(visit: Visit) -> str:
    """Return the page that has the user's keys."""
    name = visit.path("name")
    return ACCOUNT.path if name == visit.session.user.name else f"{USERS.path}/{name}"


def _stored(visit: Visit, tx: Transaction) -> ApiKey | None:
    return tx.api_keys.get(visit.path("key_id"))


routes: Final[list[Route]] = [
    show("/{name}/new", new_api_key, API_KEYS),
    act("/{name}", create_api_key, API_KEYS, again=_new),
    show("/{name}/{key_id}", api_key, API_KEYS),
    act("/{name}/{key_id}/renew", renew_api_key, API_KEYS, again=_one),
    act("/{name}/{key_id}/networks", restrict_api_key, API_KEYS, again=_one, changes=_stored),
    act("/{name}/{key_id}/suspend", suspend_api_key, API_KEYS, again=_one),
    act("/{name}/{key_id}/resume", resume_api_key, API_KEYS),
    act("/{name}/{key_id}/delete", delete_api_key, API_KEYS),
]
