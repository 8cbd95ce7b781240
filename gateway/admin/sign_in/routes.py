"""The page that offers the ways to sign in, signing out, and the routes of the ways beside them."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ca_core.access import sessions
from gateway.admin.forms import read_form, require_token
from gateway.admin.front_end import BASE, peer_address
from gateway.admin.page import COOKIE, SIGN_IN
from gateway.admin.sign_in import cookies, link, openid, passkey
from gateway.admin.sign_in.stranger import core_of, page, wanted


async def offer(request: Request) -> Response:
    """Show the ways to sign in; whoever has done so already is sent on."""
    core, target = core_of(request), wanted(request.query_params.get("next", ""))
    if await sessions.resume(core, request.cookies.get(COOKIE, ""), peer_address(request)) is not None:
        return RedirectResponse(target, HTTPStatus.SEE_OTHER)
    signed_out = "out" in request.query_params
    return page(request, "sign_in.html", provider=core.identity_provider.label, target=target, signed_out=signed_out)


async def sign_out(request: Request) -> Response:
    """End the session here, and in the browser."""
    core, form = core_of(request), await read_form(request)
    session = await sessions.resume(core, request.cookies.get(COOKIE, ""), peer_address(request))
    if session is not None:
        request.state.principal = session.principal
        require_token(form, session.csrf_token)
        await sessions.end(core, session)
    answer = RedirectResponse(f"{SIGN_IN}?out=1", HTTPStatus.SEE_OTHER)
    cookies.forget(answer, COOKIE)
    return answer


routes: Final = [
    Route(SIGN_IN, offer, methods=["GET"]),
    Route(f"{BASE}/sign-out", sign_out, methods=["POST"]),
    *link.routes,
    *openid.routes,
    *passkey.routes,
]
