"""Signing in with a passkey: a script asks the browser for it, and a form brings its answer."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import passkeys
from ca_core.model.sessions import SignInMethod
from gateway.admin.forms import read_form
from gateway.admin.front_end import BASE, peer_address
from gateway.admin.sign_in import cookies
from gateway.admin.sign_in.relying_party import relying_party
from gateway.admin.sign_in.stranger import begin_session, core_of, enter, front_end_of


async def ask_for_passkey(request: Request) -> Response:
    """Answer with what the script asks the browser for, as JSON."""
    await read_form(request)
    party = relying_party(front_end_of(request))
    asked = await passkeys.begin_sign_in(core_of(request), party, peer_address(request))
    answer = Response(asked.options, media_type="application/json")
    cookies.set_ceremony(answer, asked.handle, same_site="strict")
    return answer


async def take_passkey(request: Request) -> Response:
    """Sign in whose passkey has answered."""
    form, core = await read_form(request), core_of(request)
    handle, party = request.cookies.get(cookies.CEREMONY, ""), relying_party(front_end_of(request))
    cookie = await begin_session(
        request,
        SignInMethod.PASSKEY,
        lambda: passkeys.user_of(core, party, handle=handle, response=form.text("response")),
    )
    answer = enter(cookie, form.text("next"))
    cookies.forget(answer, cookies.CEREMONY)
    return answer


routes: Final = [
    Route(f"{BASE}/sign-in/passkey/options", ask_for_passkey, methods=["POST"]),
    Route(f"{BASE}/sign-in/passkey", take_passkey, methods=["POST"]),
]
