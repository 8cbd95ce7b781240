"""Signing in at the identity provider: there and back (OpenID Connect Core section 3.1.2)."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import ceremonies, federation
from ca_core.access.identity_provider import Returned
from ca_core.model.sessions import SignInMethod
from gateway.admin.forms import read_form
from gateway.admin.front_end import BASE, peer_address
from gateway.admin.sign_in import cookies
from gateway.admin.sign_in.stranger import begin_session, core_of, onward, wanted
from gateway.sign_in_address import REDIRECT_PATH


async def go_to_provider(request: Request) -> Response:
    """Send a browser to the provider."""
    form = await read_form(request)
    handle, url = await federation.begin(core_of(request), peer_address(request))
    answer = onward(request, url)
    cookies.set_ceremony(answer, handle, same_site="lax")
    cookies.set_next(answer, wanted(form.text("next")))
    return answer


async def return_from_provider(request: Request) -> Response:
    """Sign in whom the provider sends back."""
    core, asked = core_of(request), request.query_params
    returned = Returned(
        code=asked.get("code", ""),
        state=asked.get("state", ""),
        issuer=asked.get("iss", ""),
        error=asked.get("error", ""),
    )
    handle = request.cookies.get(cookies.CEREMONY, "")
    if not handle:
        # Any page can send its readers' browsers here: as a failed sign-in, it would lock their address out.
        raise ceremonies.not_begun()
    cookie = await begin_session(
        request,
        SignInMethod.OPENID_CONNECT,
        lambda: federation.finish(core, handle, returned, peer_address(request)),
    )
    answer = onward(request, wanted(request.cookies.get(cookies.NEXT, "")))
    cookies.set_session(answer, cookie)
    cookies.forget(answer, cookies.CEREMONY)
    cookies.forget(answer, cookies.NEXT)
    return answer


routes: Final = [
    Route(f"{BASE}/sign-in/openid", go_to_provider, methods=["POST"]),
    Route(REDIRECT_PATH, return_from_provider, methods=["GET"]),
]
