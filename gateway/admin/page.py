"""Pages as routes: who visits is signed in and may, before anything of a page is done."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ca_core.access import rate_limits, sessions
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from gateway.admin.forms import Form, read_form, require_token
from gateway.admin.front_end import BASE, FrontEnd, peer_address
from gateway.admin.refusals import recorded
from gateway.admin.sections import Section
from gateway.admin.translations import language_of
from gateway.admin.versions import VERSION_FIELD, unchanged
from gateway.admin.visit import Visit
from gateway.first_write import FirstWriteStore

COOKIE: Final = "__Host-trivium-session"
SIGN_IN: Final = f"{BASE}/sign-in"

Handle = Callable[[Visit], Awaitable[Response]]
Again = Callable[[Visit, Problem], Awaitable[Response]]
Stored = Callable[[Visit, Transaction], object]


def show(path: str, handle: Handle, section: Section, *, used: bool = True) -> Route:
    """Return the route of a page that is looked at; ``path`` is below the section's.

    ``used`` is False for a part that a page asks for by itself, which nobody need sit at for that; it is not counted.
    """
    return _route(path, handle, section, "GET", name=handle.__name__, used=used)


def act(
    path: str, handle: Handle, section: Section, *, again: Again | None = None, changes: Stored | None = None
) -> Route:
    """Return the route of a form that is sent.

    ``again`` shows the page that the form is on, with what was typed and what is wrong with it; without it a refusal
    is a page of its own. ``changes`` reads what the form takes the place of: as long as that has the version in the
    form (`parts.version`), the form counts; afterwards the page shows what it is now, for a later change is not undone
    by who has not seen it.
    """

    async def answer(visit: Visit) -> Response:
        try:
            return await handle(visit if changes is None else _as_seen(visit, changes))
        except TriviumError as error:
            if again is None:
                raise
            problem = await recorded(visit.request, error.problem)
            stale = problem.kind is ErrorKind.PRECONDITION_FAILED
            return await again(visit.without_form() if stale else visit, problem)

    return _route(path, answer, section, "POST", name=handle.__name__)


def _as_seen(visit: Visit, stored: Stored) -> Visit:
    """Return the visit with a core that writes only while what is stored is what the form was shown with."""
    store = FirstWriteStore(visit.core.store)
    store.also(unchanged(visit.form.text(VERSION_FIELD), lambda tx: stored(visit, tx)))
    return replace(visit, front_end=replace(visit.front_end, core=replace(visit.core, store=store)))


def _route(path: str, handle: Handle, section: Section, method: str, *, name: str, used: bool = True) -> Route:
    async def answer(request: Request) -> Response:
        front_end: FrontEnd = request.app.state.front_end
        cookie = request.cookies.get(COOKIE, "")
        session = await sessions.resume(front_end.core, cookie, peer_address(request), used=used)
        if session is None:
            return _to_sign_in(request)
        principal = request.state.principal = session.principal
        if used:
            core = front_end.core
            await core.store.write(lambda tx: rate_limits.request(core, tx, principal), lasting=False)
        form = Form()
        visit = Visit(
            request=request,
            front_end=front_end,
            session=session,
            language=language_of(session.user.personal.language, request.headers.get("accept-language", "")),
            section=section,
            form=form,
        )
        request.state.visit = visit
        _require_text(request)
        section.require(principal)
        if method == "POST":
            form = await read_form(request)
        try:
            if method == "POST":
                require_token(form, session.csrf_token)
            return await handle(replace(visit, form=form))
        finally:
            await form.data.close()

    return Route(f"{section.path.rstrip('/')}{path}" or BASE, answer, methods=[method], name=name)


def _require_text(request: Request) -> None:
    """Raise MALFORMED for a URL with a NUL character, which no database takes for text."""
    parts = [*request.path_params.values(), *(part for item in request.query_params.multi_items() for part in item)]
    if any("\0" in part for part in parts):
        raise TriviumError(ErrorKind.MALFORMED, "The address contains a NUL character; leave it out.")


def _to_sign_in(request: Request) -> Response:
    """Send a stranger to sign in, and back to the page he asked for if it can be asked for again."""
    if request.headers.get("hx-request") == "true":
        # The browser would follow a redirect and put the sign-in page into a part of this one.
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": SIGN_IN})
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = urlencode({"next": target}) if request.method == "GET" else ""
    return RedirectResponse(f"{SIGN_IN}{'?' if query else ''}{query}", HTTPStatus.SEE_OTHER)
