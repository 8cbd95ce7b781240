"""What every operation of version 3 does: it is counted, and carried out once where its sender has given it a key."""

from typing import Annotated, Final

from fastapi import Depends, Request, Response

from ca_core.access import idempotency, rate_limits
from ca_core.core import Core
from ca_core.model.principals import Principal
from ca_core.model.values import replace
from gateway.first_write import FirstWriteStore
from gateway.rest.authentication import AuthenticatedOperation, asked
from gateway.rest.front_end import Asked, FrontEnd, front_end_of
from gateway.rest.operation import Handle
from gateway.rest.v3.idempotency import REPLAYED, keyed_request, read_answer, write_answer

_SUCCESS: Final = range(200, 300)


class ResourceOperation(AuthenticatedOperation):
    """An operation on a resource, for users."""

    async def prepare(self, request: Request) -> None:
        """Find out who asks and count his request; raises UNAUTHENTICATED and RATE_LIMITED."""
        await super().prepare(request)
        core, principal = front_end_of(request).core, request.state.principal
        try:
            await core.store.write(lambda tx: rate_limits.request(core, tx, principal), lasting=False)
        finally:
            request.state.allowances = await core.store.read(lambda tx: rate_limits.allowances(core, tx, principal))
        request.state.first_write = FirstWriteStore(core.store)

    async def carry_out(self, request: Request, handle: Handle) -> Response:
        """Answer a request, or give it the answer again that it got before (Idempotency-Key)."""
        core, first_write = front_end_of(request).core, request.state.first_write
        keyed = keyed_request(request, request.state.principal, await request.body())
        if keyed is None:
            return await handle(request)
        known = await idempotency.answer_of(core, keyed)
        if known is not None:
            answer = read_answer(known)
            answer.headers[REPLAYED] = "true"
            return answer
        first_write.also(idempotency.claiming(core, keyed))
        answer = await handle(request)
        if first_write.written and answer.status_code in _SUCCESS:
            await idempotency.remember(core, keyed, write_answer(answer))
        return answer


class Caller:
    """Who asks, and the core that his request acts on."""

    def __init__(self, request: Request, asked: Asked) -> None:
        self.request = request
        self.principal: Principal = asked.principal
        self.front_end: FrontEnd = asked.front_end
        self.first_write: FirstWriteStore = request.state.first_write
        self.core: Core = replace(asked.core, store=self.first_write)


def caller(request: Request, asked: Annotated[Asked, Depends(asked)]) -> Caller:
    """Return the caller of an operation."""
    return Caller(request, asked)


Called = Annotated[Caller, Depends(caller)]
"""The parameter of every operation of a router whose ``route_class`` is :class:`ResourceOperation`."""
