"""One's own passkeys: made with a browser, named, and removed."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import passkeys
from gateway.admin.page import act
from gateway.admin.sections import ACCOUNT
from gateway.admin.sign_in import cookies
from gateway.admin.sign_in.relying_party import relying_party
from gateway.admin.visit import Visit


async def ask_for_new_passkey(visit: Visit) -> Response:
    """Answer with what the script asks the browser for, as JSON."""
    asked = await passkeys.begin_registration(visit.core, visit.session, relying_party(visit.front_end))
    answer = Response(asked.options, media_type="application/json")
    cookies.set_ceremony(answer, asked.handle, same_site="strict")
    return answer


async def register_passkey(visit: Visit) -> Response:
    """Register the passkey that a browser has made."""
    await passkeys.register(
        visit.core,
        visit.session,
        relying_party(visit.front_end),
        handle=visit.request.cookies.get(cookies.CEREMONY, ""),
        response=visit.form.text("response"),
        name=visit.form.text("name"),
    )
    answer = visit.to(ACCOUNT.path, "passkey-registered")
    cookies.forget(answer, cookies.CEREMONY)
    return answer


async def remove_passkey(visit: Visit) -> Response:
    """Remove a passkey; whoever has signed in elsewhere as the same user is out."""
    await passkeys.remove(visit.core, visit.session, visit.path("passkey_id"))
    return visit.to(ACCOUNT.path, "passkey-removed")


routes: Final[list[Route]] = [
    act("/passkeys/options", ask_for_new_passkey, ACCOUNT),
    act("/passkeys", register_passkey, ACCOUNT),
    act("/passkeys/{passkey_id}/remove", remove_passkey, ACCOUNT),
]
