"""The controls of RFC 10002 section 6 that are taken: one table, and what is not in it refuses the message (rule 77).

A control says something about the message (``BEFORE`` its requests are looked at) or asks for something (``ACTION``);
those that authenticate the sender have been seen to when the table is used.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from asn1crypto import core as asn1
from asn1crypto import x509

from ca_core.access import cmc_clients
from ca_core.certificates.decoding import is_there, reading
from ca_core.model.certificates import Certificate
from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.enrol import resume
from ca_core.revocation.revoke import revoke_by_serial
from gateway.cmc import oids
from gateway.cmc.asn1_controls import CMCCertId, GetCert, GetCRL, LraPopWitness, RevokeRequest, WrappedCertId
from gateway.cmc.exchange import Exchange, digest
from gateway.cmc.pki_data import Control
from gateway.cmc.wishes import from_reg_info

Handler = Callable[[Exchange, Control], Awaitable[None]]


class Phase(Enum):
    """When a control is looked at."""

    BEFORE = "before the requests"
    ACTION = "beside the requests"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A control that is taken, under the name that RFC 10002 gives it."""

    name: str
    phase: Phase
    handler: Handler


def not_taken(controls: tuple[Control, ...]) -> tuple[int, ...]:
    """Return the body part ids of the controls that are not in the table (RFC 10002 section 3.2.1.1)."""
    return tuple(control.body_part_id for control in controls if control.oid not in CONTROLS)


async def _seen(_exchange: Exchange, _control: Control) -> None:
    """Do nothing: whoever authenticated the message has used it."""


async def _echo(exchange: Exchange, control: Control) -> None:
    """DataReturn: "returned verbatim" (RFC 10002 section 6.4)."""
    exchange.answer.add(control.oid, _single(control, asn1.OctetString, "dataReturn"))


async def _transaction_id(exchange: Exchange, control: Control) -> None:
    value = _single(control, asn1.Integer, "transactionId")
    exchange.answer.add(control.oid, value)


async def _sender_nonce(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.6: the answer's recipientNonce is the request's senderNonce, and it has one of its own."""
    nonce = _single(control, asn1.OctetString, "senderNonce")
    exchange.answer.add(oids.RECIPIENT_NONCE, nonce)
    exchange.answer.add(oids.SENDER_NONCE, asn1.OctetString(exchange.core.sources.entropy.token(16)))


async def _reg_info(exchange: Exchange, control: Control) -> None:
    """The URL's parameters go before those of regInfo."""
    value = _octets(control, "regInfo")
    exchange.parameters = from_reg_info(value) | exchange.parameters


async def _pop_link_random(exchange: Exchange, control: Control) -> None:
    exchange.pop_link_random = _octets(control, "popLinkRandom")


async def _lra_pop_witness(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.8. pkiDataBodyid is not looked at: known clients put a random number there."""
    cmc_client = exchange.require_requester().cmc_client
    if CmcRight.RA not in cmc_client.rights:
        raise TriviumError(
            ErrorKind.POP_FAILED,
            f"The CMC client {cmc_client.name} is no registration authority, so it cannot vouch for the possession of "
            "keys: let every request be signed by its own key.",
        )
    witness = control.value(LraPopWitness, "lraPOPWitness")
    with reading("lraPOPWitness"):
        exchange.vouched |= set(witness["body_ids"].native)


async def _add_attributes(exchange: Exchange, _control: Control) -> None:
    """Windows describes its client here; those clients read the older status control."""
    exchange.answer.legacy = True


async def _revoke_request(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.11: signed by whoever may revoke, or with the secret of the client that ordered."""
    value = control.value(RevokeRequest, "revokeRequest")
    with reading("revokeRequest"):
        name: bytes = value["issuer_name"].chosen.untag().dump()
        serial: int = value["serial_number"].native
        reason = int.from_bytes(value["reason"].contents)
        passphrase: bytes | None = value["passphrase"].native if is_there(value["passphrase"]) else None
    issuer_id = await _issuer(exchange, name)
    principal = (
        exchange.principal
        if exchange.requester is not None
        else await _by_passphrase(exchange, issuer_id, serial, passphrase)
    )
    await revoke_by_serial(exchange.core, issuer_id, serial, reason, principal)
    exchange.answer.full = True
    exchange.answer.succeed(control.body_part_id, text="The certificate is revoked.")


async def _by_passphrase(exchange: Exchange, issuer_id: str, serial: int, passphrase: bytes | None) -> Principal:
    """Return the client that ordered the certificate, if the passphrase is the secret shared with it."""

    def find(tx: Transaction) -> CmcClient | None:
        certificate = tx.certificates.by_serial(issuer_id, serial)
        order = tx.orders.get(certificate.order_id) if certificate else None
        return tx.cmc_clients.get(order.placed_by.partition(":")[2]) if order else None

    cmc_client = await exchange.core.store.read(find)
    secret = None
    if cmc_client is not None and cmc_client.sealed_secret is not None:
        _, secret = await cmc_clients.by_identification(exchange.core, cmc_client.name)
    if cmc_client is None or secret is None or not hmac.compare_digest(secret, passphrase or b""):
        raise TriviumError(
            ErrorKind.UNAUTHENTICATED,
            "Nobody signed the message, and its passphrase is not the secret shared with whoever ordered the "
            "certificate.",
        )
    return cmc_clients.principal_of(cmc_client, exchange.address)


async def _get_cert(exchange: Exchange, control: Control) -> None:
    _require_query(exchange)
    value = control.value(GetCert, "getCert")
    with reading("getCert"):
        chosen = value["issuer_name"].chosen
        name: bytes = (chosen.chosen if isinstance(chosen, x509.Name) else chosen).untag().dump()
        serial: int = value["serial_number"].native
    certificate = await _certificate(exchange, name, serial)
    exchange.answer.certificates.append(certificate.der or b"")
    exchange.answer.succeed(control.body_part_id)


async def _get_crl(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.10: the newest CRL of the issuer; there is one for all reasons."""
    _require_query(exchange)
    value = control.value(GetCRL, "getCRL")
    with reading("getCRL"):
        name: bytes = value["issuer_name"].chosen.untag().dump()
    issuer_id = await _issuer(exchange, name)
    crl = await exchange.core.store.read(lambda tx: tx.crls.latest(issuer_id))
    if crl is None:
        raise TriviumError(ErrorKind.NOT_FOUND, "This issuer has published no CRL yet.")
    exchange.answer.crls.append(crl.der)
    exchange.answer.succeed(control.body_part_id)


async def _query_pending(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.13: the token is the order's id, good for the client that ordered."""
    _require_query(exchange)
    token = _octets(control, "queryPending")
    await report_order(exchange, control.body_part_id, token.decode("ascii", errors="replace"))


async def report_order(exchange: Exchange, body_part_id: int, order_id: str) -> None:
    """Run an order of the client's own on if it can, and report it; raises NOT_FOUND for any other."""
    requester = exchange.require_requester()
    order = await exchange.core.store.read(lambda tx: tx.orders.get(order_id))
    if order is None or order.placed_by != requester.principal.actor:
        raise TriviumError(ErrorKind.NOT_FOUND, "There is no order of yours by this pendToken.")
    await exchange.report(body_part_id, await resume(exchange.core, order, requester.principal))


async def _confirm_cert_acceptance(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.14: nothing here depends on it, so a certificate of the client's own is confirmed."""
    exchange.require_requester()
    try:
        value: Any = control.value(CMCCertId, "confirmCertAcceptance")
        with reading("confirmCertAcceptance"):
            name: bytes = value["issuer"].chosen.untag().dump()
            serial: int = value["serial_number"].native
            value["issuer"].native  # noqa: B018 - whether it is a Name shows when it is read
    except TriviumError:
        value = control.value(WrappedCertId, "confirmCertAcceptance")
        with reading("confirmCertAcceptance"):
            name, serial = value["issuers"][0].dump(), value["serial_number"].native
    await _certificate(exchange, name, serial)
    exchange.answer.full = True
    exchange.answer.succeed(control.body_part_id)


async def _issuer(exchange: Exchange, name: bytes) -> str:
    issuer = await exchange.front_end.issuer_named(name)
    if issuer is None:
        raise TriviumError(ErrorKind.NOT_FOUND, "The issuer is none of this CA's; name it as its certificates do.")
    return issuer.id


async def _certificate(exchange: Exchange, name: bytes, serial: int) -> Certificate:
    """Return an issued certificate of the requester's Client; raises NOT_FOUND, also for another Client's."""
    issuer_id = await _issuer(exchange, name)
    client_id = exchange.require_requester().cmc_client.client_id
    certificate = await exchange.core.store.read(lambda tx: tx.certificates.by_serial(issuer_id, serial))
    if certificate is None or certificate.der is None or certificate.client_id != client_id:
        raise TriviumError(ErrorKind.NOT_FOUND, "There is no certificate of yours with this issuer and serial number.")
    return certificate


def _require_query(exchange: Exchange) -> None:
    cmc_clients.require_right(exchange.require_requester().cmc_client, CmcRight.QUERY, "look anything up")


def _single(control: Control, spec: type[Any], what: str) -> Any:
    value = control.value(spec, what)
    with reading(what):
        value.native  # noqa: B018 - what cannot be read must not come back in the answer
    return value


def _octets(control: Control, what: str) -> bytes:
    octets: bytes = _single(control, asn1.OctetString, what).native
    return octets


def transaction_of(control: Control) -> bytes:
    """Return the digest by which the transaction of a transactionId control is known."""
    return digest(_single(control, asn1.Integer, "transactionId").contents)


def _before(name: str, handler: Handler) -> Taken:
    return Taken(name=name, phase=Phase.BEFORE, handler=handler)


def _action(name: str, handler: Handler) -> Taken:
    return Taken(name=name, phase=Phase.ACTION, handler=handler)


CONTROLS: Final[dict[str, Taken]] = {
    oids.IDENTIFICATION: _before("identification", _seen),
    oids.IDENTITY_PROOF: _before("identityProof", _seen),
    oids.IDENTITY_PROOF_V2: _before("identityProofV2", _seen),
    oids.DATA_RETURN: _before("dataReturn", _echo),
    oids.TRANSACTION_ID: _before("transactionId", _transaction_id),
    oids.SENDER_NONCE: _before("senderNonce", _sender_nonce),
    oids.RECIPIENT_NONCE: _before("recipientNonce", _seen),
    oids.LRA_POP_WITNESS: _before("lraPOPWitness", _lra_pop_witness),
    oids.REG_INFO: _before("regInfo", _reg_info),
    oids.POP_LINK_RANDOM: _before("popLinkRandom", _pop_link_random),
    oids.MICROSOFT_ADD_ATTRIBUTES: _before("addAttributes", _add_attributes),
    oids.GET_CERT: _action("getCert", _get_cert),
    oids.GET_CRL: _action("getCRL", _get_crl),
    oids.REVOKE_REQUEST: _action("revokeRequest", _revoke_request),
    oids.QUERY_PENDING: _action("queryPending", _query_pending),
    oids.CONFIRM_CERT_ACCEPTANCE: _action("confirmCertAcceptance", _confirm_cert_acceptance),
}
"""The controls that are taken, by type."""
