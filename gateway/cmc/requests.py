"""Certification requests: each becomes one order, and has a status of its own in the answer."""

from dataclasses import dataclass
from urllib.parse import urlencode

from asn1crypto import core as asn1

from ca_core.access import cmc_clients
from ca_core.certificates.crmf import parse_request
from ca_core.model.cmc_clients import CmcTransaction
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order, OrderRequest, ProofOfPossession
from ca_core.model.products import Road
from ca_core.model.store import Transaction
from ca_core.orders.cmc_renewal import renew
from ca_core.orders.enrol import enrol
from ca_core.orders.modification import modify
from ca_core.orders.stages.key_validation import check_possession
from gateway.cmc import oids
from gateway.cmc.authenticate import Holder, Requester
from gateway.cmc.change_subject_name import changed_names
from gateway.cmc.encrypted_pop import challenge
from gateway.cmc.errors import CmcStatus
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control, Crmf, OtherRequest, Pkcs10, attributes_of
from gateway.cmc.proofs import check_pop_link
from gateway.cmc.wishes import Wish, resolve

_DECRYPT = (
    "Decrypt the value in encryptedPOP with the request's key, and send the request again with decryptedPOP within an "
    "hour, under the same transactionId."
)
_WITNESSES = frozenset({oids.POP_LINK_WITNESS, oids.POP_LINK_WITNESS_V2})


@dataclass(frozen=True, kw_only=True)
class _Link:
    """What links the requests of a client to its identity (RFC 10002 section 6.3.1)."""

    requester: Requester
    identification: str
    secret: bytes

    async def check(self, exchange: Exchange, attributes: tuple[Control, ...]) -> None:
        """Check the witness among the attributes of a request; raises POP_FAILED, BAD_ALGORITHM."""
        random, sha1 = exchange.pop_link_random, self.requester.cmc_client.sha1
        if check_pop_link(random, attributes, self.identification, self.secret, sha1=sha1):
            await cmc_clients.note_sha1(exchange.core, self.requester.cmc_client, self.requester.principal)


async def refuse_unknown(exchange: Exchange) -> bool:
    """Answer noSupport for request messages of other types; then nothing of the message is processed.

    RFC 10002 section 3.2.1. Returns whether there was one.
    """
    unknown = [request for request in exchange.data.requests if isinstance(request, OtherRequest)]
    for request in unknown:
        error = TriviumError(
            ErrorKind.MALFORMED,
            f"Request messages of type {request.oid[:128]} are not supported; send PKCS #10 or CRMF.",
        )
        await exchange.refuse(error, request.body_part_id, status=CmcStatus.NO_SUPPORT)
    return bool(unknown)


async def process(exchange: Exchange) -> None:
    """Place an order for each request and report what became of it.

    Possession and its link to the identity are checked for all of them first, and one that fails refuses all
    (RFC 10002 sections 6.3 and 6.7). After that each stands alone.
    """
    requests = [request for request in exchange.data.requests if not isinstance(request, OtherRequest)]
    if not requests:
        return
    sender = exchange.require_sender()
    wish = await resolve(exchange.core, exchange.parameters, sender)
    _require_authorities_may_order(exchange, wish)
    if exchange.understood:
        applied = {name: exchange.parameters[name] for name in exchange.understood}
        exchange.answer.add(oids.RESPONSE_INFO, asn1.OctetString(urlencode(applied).encode()))
    if await _any_unproved(exchange, requests, sender, wish):
        return
    for request in requests:
        try:
            order = await _order(exchange, request, sender, wish)
        except TriviumError as error:
            await exchange.refuse(error, request.body_part_id)
        else:
            await exchange.report(request.body_part_id, order)


def _require_authorities_may_order(exchange: Exchange, wish: Wish) -> None:
    """Raise FORBIDDEN unless those who send a message on may order the product themselves (rule 74)."""
    for authority in exchange.nesting.authorities:
        if wish.product.id not in authority.cmc_client.product_ids and not wish.renews_itself:
            raise TriviumError(
                ErrorKind.FORBIDDEN,
                f"The registration authority {authority.cmc_client.name} may not order this product, so it cannot send "
                "on what others order of it; ask the operator.",
            )


async def _any_unproved(
    exchange: Exchange, requests: list[Pkcs10 | Crmf], sender: Requester | Holder, wish: Wish
) -> bool:
    """Refuse all requests where one lacks its proof, and challenge the keys that can decrypt; return whether one did.

    RFC 10002 section 6.7: "Servers SHOULD reject all certification requests contained within a PKIData if any required
    POP is missing".
    """
    failures: dict[int, TriviumError] = {}
    linked = await _link(exchange, requests, sender)
    for request in requests:
        try:
            possession = _possession(exchange, request)
            parse_request(request.der, possession)
            check_possession(wish.product, possession)
            if linked is not None:
                await linked.check(exchange, attributes_of(request))
        except TriviumError as error:
            if error.kind in {ErrorKind.POP_FAILED, ErrorKind.POP_REQUIRED} or linked is not None:
                failures[request.body_part_id] = error
    for request in requests if failures else ():
        refusal = failures.get(request.body_part_id) or TriviumError(
            ErrorKind.NOT_READY, "Another request of the message lacks its proof, so none was processed."
        )
        await _refuse_unproved(exchange, request, refusal, wish)
    return bool(failures)


async def _refuse_unproved(exchange: Exchange, request: Pkcs10 | Crmf, refusal: TriviumError, wish: Wish) -> None:
    status = CmcStatus.FAILED
    if refusal.kind is ErrorKind.POP_REQUIRED and isinstance(request, Crmf):
        try:
            if await challenge(exchange, request, wish.product):
                status, refusal = CmcStatus.POP_REQUIRED, TriviumError(ErrorKind.POP_REQUIRED, _DECRYPT)
        except TriviumError as error:
            refusal = error
    await exchange.refuse(refusal, request.body_part_id, status=status)


async def _link(exchange: Exchange, requests: list[Pkcs10 | Crmf], sender: Requester | Holder) -> _Link | None:
    """Return what the witnesses are made with; None when nothing is to be linked.

    A certificate links by itself (RFC 10002 section 6.3.3), and where an authority proved the identity, the secret and
    the link are its (section 6.20).
    """
    if isinstance(sender, Holder) or sender.vouched:
        return None
    wanted = exchange.pop_link_random is not None or any(
        attribute.oid in _WITNESSES for request in requests for attribute in attributes_of(request)
    )
    if not wanted:
        return None
    if sender.secret is not None:
        return _Link(requester=sender, identification=sender.identification, secret=sender.secret)
    name = sender.cmc_client.name
    _, secret = await cmc_clients.by_identification(exchange.core, name)
    return _Link(requester=sender, identification=name, secret=secret)


async def _order(exchange: Exchange, request: Pkcs10 | Crmf, sender: Requester | Holder, wish: Wish) -> Order:
    said = exchange.nesting.statements.modifications.get((request.body_part_id,), [])
    changed = changed_names(request, sender)
    names = [authority.cmc_client.name for authority in exchange.nesting.authorities]
    comments = [f"Sent on by {', then '.join(names)}."] if names else []
    comments += ["The requester changed its names."] if changed else []
    comments += ["Changed by a registration authority."] if said else []
    order_request = OrderRequest(
        product_id=wish.product.id,
        road=Road.CMC,
        identifiers=(),
        csr=request.der,
        possession=_possession(exchange, request),
        validity=wish.validity,
        comment=" ".join(comments),
    )

    def remember(tx: Transaction, order: Order) -> None:
        if exchange.bare and isinstance(sender, Requester):
            cmc_clients.use_up_bare(exchange.core, tx, sender.cmc_client, exchange.transaction)
        if exchange.transaction and isinstance(sender, Requester):
            tx.cmc_clients.add_transaction(
                CmcTransaction(
                    cmc_client_id=sender.cmc_client.id,
                    transaction=exchange.transaction,
                    body_part_id=request.body_part_id,
                    order_id=order.id,
                )
            )

    if changed or said:
        order_request = modify(order_request, [*changed, *said])
    command = renew if wish.renews_itself else enrol
    try:
        return await command(exchange.core, order_request, sender.principal, beside=remember)
    except TriviumError as error:
        placed = await _placed_by_a_copy(exchange, sender) if error.kind is ErrorKind.CONFLICT else None
        if placed is None:
            raise
        return placed


async def _placed_by_a_copy(exchange: Exchange, sender: Requester | Holder) -> Order | None:
    """Return the order of a bare request whose copy came at the same time and was first."""
    if not exchange.bare or isinstance(sender, Holder):
        return None
    cmc_client_id = sender.cmc_client.id

    def find(tx: Transaction) -> Order | None:
        known = tx.cmc_clients.of_transaction(cmc_client_id, exchange.transaction)
        return tx.orders.get(known[0].order_id) if known else None

    return await exchange.core.store.read(find)


def _possession(exchange: Exchange, request: Pkcs10 | Crmf) -> ProofOfPossession:
    if request.body_part_id in exchange.shown:
        return ProofOfPossession.SHOWN
    vouched = (request.body_part_id,) in exchange.nesting.statements.possession
    return ProofOfPossession.VERIFIED if vouched else ProofOfPossession.SIGNATURE
