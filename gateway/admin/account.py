"""One's own account: who one is here, what one says of oneself, what one may do, and one's API keys."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import api_keys, client_queries, own_account, passkeys, users
from ca_core.access.authorisation import clients_with
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.model.store import Transaction
from ca_core.model.users import PersonalData, User
from gateway.admin.api_keys import may_have_key_for
from gateway.admin.page import act, show
from gateway.admin.permissions import ACTS, OBJECTS
from gateway.admin.sections import ACCOUNT, USERS
from gateway.admin.translations import LANGUAGES
from gateway.admin.visit import Visit


async def account(visit: Visit) -> Response:
    """Show one's own account."""
    return await _account(visit)


async def change_account(visit: Visit) -> Response:
    """Change what one says of oneself; the page speaks the language from then on."""
    await users.change(visit.core, visit.session.user.name, visit.principal, personal=personal_data(visit))
    return visit.to(ACCOUNT.path, "saved")


def personal_data(visit: Visit) -> PersonalData:
    """Return what a form says of a user."""
    form = visit.form
    return PersonalData(
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        title=form.text("title"),
        language=form.text("language"),
        mute=form.ticked("mute"),
    )


def languages(personal: PersonalData) -> list[tuple[str, str]]:
    """Return the languages to choose from, the one that is set among them, as pairs of the tag and its name."""
    known = dict(LANGUAGES)
    return [*known.items(), *([] if personal.language in known else [(personal.language, personal.language)])]


async def _account(visit: Visit, problem: Problem | None = None) -> Response:
    own = await own_account.get(visit.core, visit.principal)
    was_sent = problem is not None and "language" in visit.form.data
    personal = personal_data(visit) if was_sent else own.user.personal
    keys = await api_keys.listing(visit.core, own.user.name, visit.principal)
    clients = [*(one.client_id for one in own.assignments), *(one.client_id for one in keys)]
    return await visit.page(
        "account.html",
        problem=problem,
        own=own,
        personal=personal,
        languages=languages(personal),
        may_change=clients_with(visit.principal, Permission.OWN_ACCOUNT_UPDATE) != frozenset(),
        sees_users=USERS.open_to(visit.principal),
        sees_keys=clients_with(visit.principal, Permission.ACCOUNT_API_KEY_VIEW) != frozenset(),
        keys=keys,
        own_passkeys=await passkeys.listing(visit.core, visit.session),
        may_make_key=bool(may_have_key_for(visit, own.assignments)),
        now=visit.core.sources.now(),
        names=await client_queries.names(visit.core, clients, visit.principal),
        acts=ACTS,
        objects=OBJECTS,
    )


def _stored(visit: Visit, tx: Transaction) -> User | None:
    return tx.users.get(visit.session.user.id)


routes: Final[list[Route]] = [
    show("", account, ACCOUNT),
    act("", change_account, ACCOUNT, again=_account, changes=_stored),
]
