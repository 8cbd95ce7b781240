"""Pages for people who have not signed in yet, and how they come to have a session."""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ca_core.access import sessions, sign_in
from ca_core.core import Core
from ca_core.model.sessions import SignInMethod
from ca_core.model.users import User
from gateway.admin.front_end import BASE, FrontEnd, peer_address
from gateway.admin.page import COOKIE
from gateway.admin.sign_in import cookies
from gateway.admin.templates import environment
from gateway.admin.translations import language_of

DASHBOARD: Final = f"{BASE}/"
_MAX_TARGET: Final = 1000
_TARGET: Final = re.compile(rf"{BASE}/(?!/)[!-\[\]-~]*")
"""A path of ours with its query, of printable ASCII without a backslash."""


def front_end_of(request: Request) -> FrontEnd:
    """Return the front end that a request came to."""
    front_end: FrontEnd = request.app.state.front_end
    return front_end


def core_of(request: Request) -> Core:
    """Return the core that answers a request."""
    return front_end_of(request).core


def page(request: Request, template: str, **content: object) -> Response:
    """Answer with a page in the language that the browser asks for."""
    language = language_of("", request.headers.get("accept-language", ""))
    return HTMLResponse(environment(language).get_template(template).render(content))


def onward(request: Request, url: str) -> Response:
    """Answer with a page that moves on by itself to ``url``.

    A redirect would do where neither end is another site: on the way to one, the page's policy for forms forbids it; on
    the way back from one, the browser would keep the session's cookie, which is for our own pages alone, to itself.
    """
    return page(request, "onward.html", url=url)


async def begin_session(request: Request, method: SignInMethod, show: Callable[[], Awaitable[User]]) -> str:
    """Sign in whom ``show`` returns, and end the session that the browser had; return the new cookie's value.

    Raises as :func:`ca_core.access.sign_in.sign_in`.
    """
    core, address = core_of(request), peer_address(request)
    cookie = await sign_in.sign_in(core, method, address, show)
    former = await sessions.resume(core, request.cookies.get(COOKIE, ""), address)
    if former is not None:
        await sessions.end(core, former)
    return cookie


def enter(cookie: str, target: str) -> Response:
    """Give the browser its session and send it to a page of ours."""
    answer = RedirectResponse(wanted(target), HTTPStatus.SEE_OTHER)
    cookies.set_session(answer, cookie)
    return answer


def wanted(target: str) -> str:
    """Return the page that somebody wanted to see; the dashboard for anything but a path of ours."""
    return target if len(target) <= _MAX_TARGET and _TARGET.fullmatch(target) else DASHBOARD
