"""The responder: a message in, an answer out, and in between commands on the core. It raises nothing.

The order of the steps is the point. The message is unwrapped and every signature verified before a control is looked
at; it is used up before anything is done (rule 75); and whatever is refused is refused with a Full PKI Response that
says which parts, why, and under which id the operator finds it.
"""

import logging

from ca_core.access import cmc_clients
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.principals import ANONYMOUS
from ca_core.model.values import replace
from gateway.cmc import oids, requests
from gateway.cmc.answer import Answer, PkiResponse, write
from gateway.cmc.authenticate import Requester, authenticate, proven
from gateway.cmc.authenticated import AuthenticatedMessage
from gateway.cmc.ber import to_der
from gateway.cmc.cms import SignedMessage
from gateway.cmc.controls import CONTROLS, Phase, not_taken, transaction_of
from gateway.cmc.enveloped import closed
from gateway.cmc.exchange import Exchange, digest, recorded
from gateway.cmc.front_end import FrontEnd, Received
from gateway.cmc.pki_data import parse_pki_data
from gateway.cmc.query_pending import report_order
from gateway.cmc.simple import answer_simple, is_simple
from gateway.cmc.unwrap import is_encrypted, unwrapped

_WHOLE = 0
"""The body part id of the PKIData itself."""

_log = logging.getLogger("trivium.cmc")


async def respond(front_end: FrontEnd, received: Received) -> PkiResponse:
    """Answer a message; the answer is a PKI Response whatever the message was.

    Raises UNAVAILABLE only when the answer itself cannot be signed.
    """
    try:
        answer = await _answer(front_end, received)
    except TriviumError as error:
        answer = await _refusal(front_end, received, error.problem)
    except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer with an id
        detail = "Something is wrong on our side; tell the operator the id of this failure."
        answer = await _refusal(front_end, received, Problem(kind=ErrorKind.INTERNAL, detail=detail))
        _log.exception("A CMC message failed: %s", answer.statuses[0].text)
    return await write(answer, front_end)


async def _refusal(front_end: FrontEnd, received: Received, problem: Problem) -> Answer:
    answer = Answer()
    answer.fail(await recorded(front_end.core, problem, replace(ANONYMOUS, address=received.address)), _WHOLE)
    return answer


async def _answer(front_end: FrontEnd, received: Received) -> Answer:
    der = to_der(received.body)
    if is_simple(der):
        return await answer_simple(front_end, received, der)
    try:
        message = await unwrapped(front_end, der)
        data = parse_pki_data(message.content)
        requester = await authenticate(front_end, message, data, received.address)
    except TriviumError as error:
        # What is wrong behind a wrong decryption is a padding oracle.
        if error.kind is not ErrorKind.UNAVAILABLE and is_encrypted(der):
            raise closed() from error
        raise
    exchange = Exchange(
        front_end=front_end,
        data=data,
        requester=requester,
        address=received.address,
        parameters=dict(received.parameters),
    )
    try:
        await _process(exchange, message)
    except TriviumError as error:
        await exchange.refuse(error, _WHOLE)
    return exchange.answer


async def _process(exchange: Exchange, message: SignedMessage | AuthenticatedMessage) -> None:
    data, answer = exchange.data, exchange.answer
    await _use_up(exchange, message)
    unknown = not_taken(data.controls)
    if unknown:
        await exchange.refuse(
            TriviumError(ErrorKind.MALFORMED, "The message has controls that are not taken here; leave them out."),
            *unknown,
        )
        await _run(exchange, _ECHOES)
        return
    _require_only_revocations(exchange)
    if not await _run(exchange, _BEFORE) or await requests.refuse_unknown(exchange):
        return
    await requests.process(exchange)
    await _run(exchange, _ACTIONS, together=False)
    if not answer.statuses:
        await _report_transaction(exchange)


async def _use_up(exchange: Exchange, message: SignedMessage | AuthenticatedMessage) -> None:
    transaction = exchange.data.only(oids.TRANSACTION_ID, "transactionId")
    nonce = exchange.data.only(oids.SENDER_NONCE, "senderNonce")
    exchange.transaction = transaction_of(transaction) if transaction else b""
    if exchange.requester is None:
        return  # nothing but a revocation, which counts once by itself; else anybody would fill the table
    vouched, signing_time = proven(message, exchange.requester)
    await cmc_clients.use_up(
        exchange.core,
        cmc_clients.Message(
            sender=exchange.principal.actor,
            transaction=exchange.transaction,
            nonce=digest(nonce.values[0]) if nonce and nonce.values else b"",
            digest=digest(vouched),
            signing_time=signing_time,
        ),
    )


_ECHOES = frozenset({oids.TRANSACTION_ID, oids.SENDER_NONCE, oids.DATA_RETURN})
_BEFORE = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.BEFORE)
_ACTIONS = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.ACTION)


async def _run(exchange: Exchange, types: frozenset[str], *, together: bool = True) -> bool:
    """Run the handlers of the controls of these types; return whether none was refused.

    ``together``: the first one that is refused refuses the message.
    """
    good = True
    for control in exchange.data.controls:
        if control.oid not in types:
            continue
        try:
            await CONTROLS[control.oid].handler(exchange, control)
        except TriviumError as error:
            await exchange.refuse(error, control.body_part_id)
            good = False
            if together:
                return False
    return good


def _require_only_revocations(exchange: Exchange) -> None:
    """Nobody signed: then nothing but revocations by shared secret may be in the message (rule 73)."""
    actions = {control.oid for control in exchange.data.controls if control.oid in _ACTIONS}
    if exchange.requester is None and (exchange.data.requests or actions != {oids.REVOKE_REQUEST}):
        exchange.require_requester()


async def _report_transaction(exchange: Exchange) -> None:
    """Answer a message that asks for nothing: how far the orders of its transaction are, or that it was read."""
    requester: Requester = exchange.require_requester()
    control = exchange.data.only(oids.TRANSACTION_ID, "transactionId")
    number = control.body_part_id if control else _WHOLE
    found = await exchange.core.store.read(
        lambda tx: tx.cmc_clients.of_transaction(requester.cmc_client.id, exchange.transaction)
    )
    for placed in found:
        await report_order(exchange, number, placed.order_id)
    if not found:
        exchange.answer.full = True
        exchange.answer.succeed(_WHOLE)
