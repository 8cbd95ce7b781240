"""Users: people and service accounts; made, invited, given roles, suspended with a reason and resumed."""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import api_keys, client_queries, roles, sign_in_links, suspension
from ca_core.access import users as access
from ca_core.access.authorisation import clients_with, permitted
from ca_core.access.users import NewUser
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from ca_core.model.users import PersonalData, User, UserKind
from ca_core.notify import invitations
from gateway.admin.account import languages, personal_data
from gateway.admin.api_keys import EVERY_CLIENT, may_have_key_for, networks_of, token_url
from gateway.admin.choices import asked_clients, client_names
from gateway.admin.page import act, show
from gateway.admin.paging import PAGE, following
from gateway.admin.sections import ROLES, USERS, _
from gateway.admin.visit import Visit
from gateway.sign_in_address import sign_in_address


async def user_list(visit: Visit) -> Response:
    """Show the users with a role for the visitor's Clients."""
    found = await access.search(
        visit.core,
        visit.principal,
        client_ids=asked_clients(visit),
        text=visit.query("text"),
        before=visit.query("before") or None,
        limit=PAGE,
    )
    return await visit.page(
        "users.html",
        found=found,
        following=following(visit, [one.id for one in found]),
        names=await client_names(visit),
        may_make=clients_with(visit.principal, Permission.USER_CREATE) != frozenset(),
    )


async def new_user(visit: Visit) -> Response:
    """Show the form for a new user."""
    return await _new(visit)


async def create_user(visit: Visit) -> Response:
    """Make a user with a role, and show his key, this once, if he gets one."""
    form = visit.form
    request = NewUser(
        name=form.text("name"),
        kind=form.choice("kind", UserKind) or UserKind.OPERATOR,
        email=form.text("email"),
        personal=personal_data(visit),
        role=form.text("role"),
        client_id=_client_id(visit),
        with_key=form.ticked("with_key"),
        networks=networks_of(visit),
    )
    made = await access.create(visit.core, request, visit.principal)
    if made.key is None:
        return visit.to(f"{USERS.path}/{made.user.name}", "user-made")
    return await visit.page("user_made.html", status=HTTPStatus.CREATED, made=made, token_url=token_url(visit))


async def user(visit: Visit) -> Response:
    """Show a user: what he says of himself, his roles and his keys."""
    return await _one(visit)


async def change_user(visit: Visit) -> Response:
    """Change a user's e-mail address and what he says of himself."""
    name, email = visit.path("name"), visit.form.text("email")
    await access.change(visit.core, name, visit.principal, email=email, personal=personal_data(visit))
    return visit.to(f"{USERS.path}/{name}", "saved")


async def assign_role(visit: Visit) -> Response:
    """Give a user a role for a Client."""
    name = visit.path("name")
    await access.assign(visit.core, name, visit.form.text("role"), _client_id(visit), visit.principal)
    return visit.to(f"{USERS.path}/{name}", "role-given")


async def withdraw_role(visit: Visit) -> Response:
    """Take a role back."""
    name = visit.path("name")
    await access.withdraw(visit.core, name, visit.path("role"), _client_id(visit), visit.principal)
    return visit.to(f"{USERS.path}/{name}", "role-withdrawn")


async def suspend_user(visit: Visit) -> Response:
    """Suspend a user at once."""
    name = visit.path("name")
    await suspension.suspend_user(visit.core, name, visit.form.text("reason"), visit.principal)
    return visit.to(f"{USERS.path}/{name}", "user-suspended")


async def resume_user(visit: Visit) -> Response:
    """Let a user go on."""
    name = visit.path("name")
    await suspension.resume_user(visit.core, name, visit.principal)
    return visit.to(f"{USERS.path}/{name}", "user-resumed")


async def invite_user(visit: Visit) -> Response:
    """Send a user a link by mail, with which he signs in for the first time."""
    name = visit.path("name")
    await invitations.send(visit.core, name, visit.principal, lambda token: _link(visit, token))
    return visit.to(f"{USERS.path}/{name}", "invited")


async def make_sign_in_link(visit: Visit) -> Response:
    """Make a link with which a user signs in once, and show it, this once."""
    name = visit.path("name")
    token = await sign_in_links.create(visit.core, name, visit.principal, valid_for=sign_in_links.INVITATION)
    return await visit.page(
        "user_link.html",
        status=HTTPStatus.CREATED,
        name=name,
        link=_link(visit, token),
        valid_for=sign_in_links.INVITATION,
    )


def _link(visit: Visit, token: str) -> str:
    return sign_in_address(visit.front_end.external_url, token)


def _client_id(visit: Visit) -> str | None:
    """Return the Client of a form; None: every one."""
    client = visit.form.text("client")
    return None if client == EVERY_CLIENT else client


async def _roles(visit: Visit) -> list[tuple[str, str]]:
    """Return the roles to choose from; none where the visitor may not see them, and types the name."""
    known = await roles.listing(visit.core, visit.principal) if ROLES.open_to(visit.principal) else []
    return [(one.name, one.name) for one in known]


async def _clients(visit: Visit, permission: Permission) -> dict[str, str]:
    """Return the names, by what a form says, of the Clients for which the visitor holds the permission."""
    named = await client_names(visit)
    allowed = clients_with(visit.principal, permission)
    ids = named if allowed is None else sorted(allowed, key=lambda one: named.get(one, one))
    every = {EVERY_CLIENT: visit.translate(_("every Client"))} if allowed is None else {}
    return {one: named.get(one, one) for one in ids} | every


async def _new(visit: Visit, problem: Problem | None = None) -> Response:
    sent = problem is not None
    personal = personal_data(visit) if sent else PersonalData()
    return await visit.page(
        "user_new.html",
        problem=problem,
        kinds=[(one, one) for one in UserKind],
        personal=personal,
        languages=languages(personal),
        roles=await _roles(visit),
        clients=await _clients(visit, Permission.USER_CREATE),
        client=visit.form.text("client") or visit.query("client"),
        with_key=visit.form.ticked("with_key"),
    )


async def _one(visit: Visit, problem: Problem | None = None) -> Response:
    name = visit.path("name")
    found = await access.get(visit.core, name, visit.principal)
    given = await access.assignments(visit.core, name, visit.principal)
    keys = await api_keys.listing(visit.core, name, visit.principal)
    was_sent = problem is not None and "email" in visit.form.data
    personal = personal_data(visit) if was_sent else found.personal
    ids = [*(one.client_id for one in given), *(one.client_id for one in keys)]
    return await visit.page(
        "user.html",
        problem=problem,
        found=found,
        email=visit.form.text("email") if was_sent else found.email,
        personal=personal,
        languages=languages(personal),
        given=given,
        keys=keys,
        names=await client_queries.names(visit.core, ids, visit.principal),
        now=visit.core.sources.now(),
        may_change=any(permitted(visit.principal, Permission.USER_UPDATE, one.client_id) for one in given),
        sees_keys=clients_with(visit.principal, Permission.ACCOUNT_API_KEY_VIEW) != frozenset(),
        sees_roles=ROLES.open_to(visit.principal),
        may_make_key=bool(may_have_key_for(visit, given)),
        may_sign_in=found.kind is UserKind.OPERATOR and found.suspended is None,
        roles=await _roles(visit),
        clients=await _clients(visit, Permission.USER_UPDATE),
        every_client=EVERY_CLIENT,
    )


def _stored(visit: Visit, tx: Transaction) -> User | None:
    return tx.users.by_name(visit.path("name"))


routes: Final[list[Route]] = [
    show("", user_list, USERS),
    show("/-/new", new_user, USERS),
    act("", create_user, USERS, again=_new),
    show("/{name}", user, USERS),
    act("/{name}", change_user, USERS, again=_one, changes=_stored),
    act("/{name}/roles", assign_role, USERS, again=_one),
    act("/{name}/roles/{role}/withdraw", withdraw_role, USERS, again=_one),
    act("/{name}/suspend", suspend_user, USERS, again=_one),
    act("/{name}/resume", resume_user, USERS),
    act("/{name}/invite", invite_user, USERS, again=_one),
    act("/{name}/sign-in-link", make_sign_in_link, USERS),
]
