"""One message whose sender is known: used up, its controls and requests done, and the messages nested in it likewise.

The order of the steps is the point. A message is used up before anything is done (rule 75); what registration
authorities say about its parts is read before the parts; and whatever is refused says which parts, why, and under which
id the operator finds it. Errors of a nested message stay in its own answer (RFC 10002 section 6.17).
"""

import logging
from collections.abc import Awaitable

from ca_core.access import cmc_clients
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.principals import Principal
from gateway.cmc import oids, requests
from gateway.cmc.answer import Answer, Status, write
from gateway.cmc.asn1 import BodyPartList, BodyPartPath
from gateway.cmc.authenticate import Requester, authenticate, proven
from gateway.cmc.authenticated import AuthenticatedMessage
from gateway.cmc.cms import SignedMessage
from gateway.cmc.controls import CONTROLS, Phase, not_taken, transaction_of
from gateway.cmc.errors import CmcStatus
from gateway.cmc.exchange import Exchange, digest, recorded
from gateway.cmc.nested import opened
from gateway.cmc.query_pending import report_order
from gateway.cmc.unwrap import opaque

WHOLE = 0
"""The body part id of the PKIData itself."""

_MAX_UNSIGNED = 10
"""Revocations in a message that nobody signed: each is looked up, and each that is refused is recorded."""

_ECHOES = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.ECHO)
_FIRST = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.FIRST)
_BEFORE = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.BEFORE)
_ACTIONS = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.ACTION)
_LAST = frozenset(oid for oid, taken in CONTROLS.items() if taken.phase is Phase.LAST)
_log = logging.getLogger("trivium.cmc")


async def answered(core: Core, principal: Principal, answer: Awaitable[Answer]) -> Answer:
    """Return the answer to a message; whatever it raises on its way refuses the message as a whole."""
    try:
        return await answer
    except TriviumError as error:
        return await _refusal(core, error.problem, principal)
    except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer with an id
        detail = "Something is wrong on our side; tell the operator the id of this failure."
        refusal = await _refusal(core, Problem(kind=ErrorKind.INTERNAL, detail=detail), principal)
        _log.exception("A CMC message failed: %s", refusal.statuses[0].text)
        return refusal


async def _refusal(core: Core, problem: Problem, principal: Principal) -> Answer:
    answer = Answer()
    answer.fail(await recorded(core, problem, principal), WHOLE)
    return answer


async def process(exchange: Exchange, message: SignedMessage | AuthenticatedMessage) -> Answer:
    """Do what a message asks for, and return what is said about it."""
    try:
        await _process(exchange, message)
    except TriviumError as error:
        await exchange.refuse(error, WHOLE)
    return exchange.answer


async def _process(exchange: Exchange, message: SignedMessage | AuthenticatedMessage) -> None:
    if not await _run(exchange, _ECHOES):
        return
    await _use_up(exchange, message)
    if not await _run(exchange, _FIRST):
        return
    unknown = not_taken(exchange.controls)
    if unknown:
        await exchange.refuse(
            TriviumError(ErrorKind.MALFORMED, "The message has controls that are not taken here; leave them out."),
            *unknown,
        )
        return
    _require_may_ask(exchange)
    if not await _run(exchange, _BEFORE) or await requests.refuse_unknown(exchange):
        return
    await requests.process(exchange)
    await _run(exchange, _ACTIONS, together=False)
    await _answer_nested(exchange)
    await _run(exchange, _LAST, together=False)
    if not exchange.answer.statuses:
        await _report_transaction(exchange)


async def _use_up(exchange: Exchange, message: SignedMessage | AuthenticatedMessage) -> None:
    """Use the message up. A nested one may be old: an authority may have waited for a person."""
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
            relayed=bool(exchange.nesting.path),
        ),
    )


async def _run(exchange: Exchange, types: frozenset[str], *, together: bool = True) -> bool:
    """Run the handlers of the controls of these types; return whether none was refused.

    ``together``: the first one that is refused refuses the message.
    """
    good = True
    for control in exchange.controls:
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


def _require_may_ask(exchange: Exchange) -> None:
    """Nobody signed: then nothing but revocations by shared secret may be in the message (rule 73).

    An authority vouches for the sender: then nothing but certification requests, since the rest would be done with
    the authority's rights.
    """
    asking = [control.oid for control in exchange.controls if control.oid in _ACTIONS | _LAST]
    actions = set(asking)
    if exchange.requester is None:
        if exchange.data.requests or actions != {oids.REVOKE_REQUEST}:
            exchange.require_requester()
        if len(asking) > _MAX_UNSIGNED:
            raise TriviumError(
                ErrorKind.TOO_LARGE,
                f"A message that nobody signed has at most {_MAX_UNSIGNED} revocations; send the others in another.",
            )
        return
    vouched = isinstance(exchange.requester, Requester) and exchange.requester.vouched
    if vouched and (actions or not exchange.data.requests):
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            "Whom a registration authority vouches for may send certification requests and nothing else; let the "
            "authority ask for the rest itself.",
        )


async def _answer_nested(exchange: Exchange) -> None:
    """Answer each nested message that a control refers to by an answer of its own, under its body part id.

    Those of a batch are listed in batchResponses; any other is shown by responseBody (RFC 10002 sections 6.17, 6.21).
    """
    waiting: dict[int, list[Status]] = {}
    for number in exchange.nesting.referred:
        answer = await answered(exchange.core, exchange.principal, _nested_answer(exchange, number))
        exchange.answer.contents[number] = (await write(answer, exchange.front_end)).der
        waiting[number] = answer.waiting
    for batch, numbers in exchange.nesting.batches.items():
        exchange.answer.add(oids.BATCH_RESPONSES, BodyPartList(numbers))
        _say_how_far(exchange, batch, [status for number in numbers for status in waiting.pop(number)])
    for number, statuses in waiting.items():
        exchange.answer.add(oids.RESPONSE_BODY, BodyPartPath([number]))
        _say_how_far(exchange, number, statuses)


def _say_how_far(exchange: Exchange, body_part_id: int, waiting: list[Status]) -> None:
    if not waiting:
        exchange.answer.succeed(body_part_id, text="Processed; each message has an answer of its own.")
        return
    token = b" ".join(status.pend_token or b"" for status in waiting).decode()
    text = "Orders wait; ask again with queryPending, for all of them or for each."
    at = waiting[0].pend_time or exchange.core.sources.now()
    exchange.answer.pend(body_part_id, token, at, text, CmcStatus.PARTIAL)


async def _nested_answer(exchange: Exchange, number: int) -> Answer:
    """Answer a nested message: its sender, or the authority that vouches for him, is of the same Client."""
    authority = exchange.require_authority("A message in another")
    found = await opened(exchange, (number,))
    vouching = exchange.nesting.statements.identity.get((number,))
    with opaque(exchange.data.contents[number]):
        requester = await authenticate(exchange.front_end, found.message, found.data, exchange.address, vouching)
    if requester is not None and requester.principal.client_id != authority.principal.client_id:
        raise TriviumError(
            ErrorKind.FORBIDDEN, "The registration authority acts for another Client than the sender of this message."
        )
    inner = Exchange(
        front_end=exchange.front_end,
        data=found.data,
        requester=requester,
        address=exchange.address,
        parameters={name: value for name, value in exchange.parameters.items() if name != "account"},
        nesting=exchange.nesting.inside(number, authority),
    )
    return await process(inner, found.message)


async def _report_transaction(exchange: Exchange) -> None:
    """Answer a message that asks for nothing: how far the orders of its transaction are, or that it was read."""
    requester = exchange.require_requester()
    control = exchange.data.only(oids.TRANSACTION_ID, "transactionId")
    number = control.body_part_id if control else WHOLE
    found = await exchange.core.store.read(
        lambda tx: tx.cmc_clients.of_transaction(requester.cmc_client.id, exchange.transaction)
    )
    if found:
        exchange.require_query()
    for placed in found:
        await report_order(exchange, number, placed.order_id)
    if not found:
        exchange.answer.full = True
        exchange.answer.succeed(WHOLE)
