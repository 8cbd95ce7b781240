"""Signing in by a link, once: opening it does nothing, for scanners of mail open links too (abuse 44).

The token stands in the fragment of the address, which reaches no server, log or Referer header. A script puts it into
the form; without one, it is pasted there.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import sign_in_links
from ca_core.model.sessions import SignInMethod
from gateway.admin.forms import read_form
from gateway.admin.sign_in.stranger import DASHBOARD, begin_session, core_of, enter, page
from gateway.sign_in_address import LINK_PATH


async def open_link(request: Request) -> Response:
    """Show the form that uses a link up."""
    return page(request, "sign_in_link.html")


async def redeem_link(request: Request) -> Response:
    """Sign in by a link's token, or by its whole address."""
    token = (await read_form(request)).text("token").rpartition("#")[2]
    core = core_of(request)
    cookie = await begin_session(request, SignInMethod.LINK, lambda: sign_in_links.redeem(core, token))
    return enter(cookie, DASHBOARD)


routes: Final = [
    Route(LINK_PATH, open_link, methods=["GET"]),
    Route(LINK_PATH, redeem_link, methods=["POST"]),
]
