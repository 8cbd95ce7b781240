"""Clients: the tenants; made with a service account, changed, suspended with a reason and resumed."""

from dataclasses import fields
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import client_queries, suspension
from ca_core.access import clients as access
from ca_core.access.authorisation import permitted
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from gateway.admin.api_keys import token_url
from gateway.admin.page import act, show
from gateway.admin.paging import PAGE, following
from gateway.admin.sections import CLIENTS, PRODUCTS, USERS, _
from gateway.admin.visit import Visit

SETTINGS: Final = {
    "plain_get": _("Its ACME resources can be read with a plain GET, for clients that know no POST-as-GET."),
    "require_eab": _("Its ACME accounts need an external account key."),
    "cmc": _("Its CMC clients are let in."),
}
"""What the settings of a Client mean, by name."""


async def client_list(visit: Visit) -> Response:
    """Show the visitor's Clients."""
    found = await client_queries.search(
        visit.core, visit.principal, text=visit.query("text"), after=visit.query("after"), limit=PAGE
    )
    return await visit.page(
        "clients.html",
        meanings=SETTINGS,
        found=found,
        following=following(visit, [one.id for one in found], place="after"),
        may_make=permitted(visit.principal, Permission.CLIENT_CREATE, None),
    )


async def new_client(visit: Visit) -> Response:
    """Show the form for a new Client."""
    return await _new(visit)


async def create_client(visit: Visit) -> Response:
    """Make a Client, and show the key of its service account, this once."""
    form = visit.form
    made = await access.create(
        visit.core,
        form.text("name"),
        visit.principal,
        description=form.text("description"),
        settings=_settings(visit),
    )
    return await visit.page("client_made.html", status=HTTPStatus.CREATED, made=made, token_url=token_url(visit))


async def client(visit: Visit) -> Response:
    """Show a Client."""
    return await _one(visit)


async def change_client(visit: Visit) -> Response:
    """Change what a Client is said to be and may do."""
    client_id = visit.path("client_id")
    await access.change(
        visit.core,
        client_id,
        visit.principal,
        description=visit.form.text("description"),
        settings=_settings(visit),
    )
    return visit.to(f"{CLIENTS.path}/{client_id}", "saved")


async def suspend_client(visit: Visit) -> Response:
    """Suspend a Client at once."""
    client_id = visit.path("client_id")
    await suspension.suspend_client(visit.core, client_id, visit.form.text("reason"), visit.principal)
    return visit.to(f"{CLIENTS.path}/{client_id}", "client-suspended")


async def resume_client(visit: Visit) -> Response:
    """Let a Client go on."""
    client_id = visit.path("client_id")
    await suspension.resume_client(visit.core, client_id, visit.principal)
    return visit.to(f"{CLIENTS.path}/{client_id}", "client-resumed")


def _settings(visit: Visit) -> ClientSettings:
    return ClientSettings(**{one.name: visit.form.ticked(one.name) for one in fields(ClientSettings)})


async def _new(visit: Visit, problem: Problem | None = None) -> Response:
    return await visit.page(
        "client_new.html",
        problem=problem,
        description=visit.form.text("description"),
        settings=_settings(visit),
        meanings=SETTINGS,
    )


async def _one(visit: Visit, problem: Problem | None = None) -> Response:
    found: Client = await client_queries.get(visit.core, visit.path("client_id"), visit.principal)
    was_sent = problem is not None and "description" in visit.form.data
    return await visit.page(
        "client.html",
        problem=problem,
        found=found,
        description=visit.form.text("description") if was_sent else found.description,
        settings=_settings(visit) if was_sent else found.settings,
        meanings=SETTINGS,
        may_change=permitted(visit.principal, Permission.CLIENT_UPDATE, found.id),
        sees_users=USERS.open_to(visit.principal),
        sees_products=PRODUCTS.open_to(visit.principal),
    )


def _stored(visit: Visit, tx: Transaction) -> Client | None:
    return tx.clients.get(visit.path("client_id"))


routes: Final[list[Route]] = [
    show("", client_list, CLIENTS),
    show("/-/new", new_client, CLIENTS),
    act("", create_client, CLIENTS, again=_new),
    show("/{client_id}", client, CLIENTS),
    act("/{client_id}", change_client, CLIENTS, again=_one, changes=_stored),
    act("/{client_id}/suspend", suspend_client, CLIENTS, again=_one),
    act("/{client_id}/resume", resume_client, CLIENTS),
]
