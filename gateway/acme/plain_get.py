"""Plain GET of what an account made, for clients that know no POST-as-GET, such as ACMESharp: off unless allowed."""

from collections.abc import Awaitable, Callable

from ca_core.access.plain_get import reader_of
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.auth import ResourceRequest
from gateway.acme.errors import RefusedWith
from gateway.acme.front_end import FrontEnd, Reply
from gateway.acme.request import Request
from gateway.acme.resource import Read


def plain_get(perform: Callable[[FrontEnd, ResourceRequest], Awaitable[Reply]]) -> Read:
    """Let a plain GET do what the POST-as-GET that ``perform`` answers does, for Clients that have it allowed.

    Whoever knows the URL reads it: its id is random. Everything else, also what does not exist, gets the 405 that
    RFC 8555 section 6.3 wants.
    """

    async def read(front_end: FrontEnd, request: Request) -> Reply:
        enrolment = front_end.directory.enrolment
        principal = await reader_of(front_end.core, request.path["id"], request.address, enrolment=enrolment)
        if principal is None:
            raise _refused()
        reading = ResourceRequest(path=request.path, payload=b"", principal=principal, core=front_end.core)
        return await perform(front_end, reading)

    return read


def _refused() -> RefusedWith:
    detail = (
        "This URL takes POST only: send a POST-as-GET (RFC 8555 section 6.3). For a client that can only GET, the "
        "operator can allow it: acme.plain_get at `trivium init`, `plain_get` of the Client in catalogue.toml later."
    )
    return RefusedWith(TriviumError(ErrorKind.METHOD_NOT_ALLOWED, detail), (b"allow", b"POST"))
