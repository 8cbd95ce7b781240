"""The responder: a message in, an answer out, and in between commands on the core. It raises nothing.

The message is unwrapped and every signature verified before a control is looked at; what is refused is refused with a
Full PKI Response.
"""

from ca_core.model.principals import ANONYMOUS
from ca_core.model.values import replace
from gateway.cmc.answer import Answer, PkiResponse, write
from gateway.cmc.authenticate import authenticate
from gateway.cmc.ber import to_der
from gateway.cmc.exchange import Exchange
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.pki_data import parse_pki_data
from gateway.cmc.processing import answered, process
from gateway.cmc.simple import answer_simple, is_simple
from gateway.cmc.unwrap import opaque, unwrapped


async def respond(front_end: FrontEnd, received: Received) -> PkiResponse:
    """Answer a message; the answer is a PKI Response whatever the message was.

    Raises UNAVAILABLE only when the answer itself cannot be signed.
    """
    principal = replace(ANONYMOUS, address=received.address)
    return await write(await answered(front_end.core, principal, _answer(front_end, received)), front_end)


async def _answer(front_end: FrontEnd, received: Received) -> Answer:
    der = to_der(received.body)
    if is_simple(der):
        return await answer_simple(front_end, received, der)
    with opaque(der):
        message = await unwrapped(front_end, der)
        data = parse_pki_data(message.content)
        requester = await authenticate(front_end, message, data, received.address)
    exchange = Exchange(
        front_end=front_end,
        data=data,
        requester=requester,
        address=received.address,
        parameters=dict(received.parameters),
    )
    return await process(exchange, message)
