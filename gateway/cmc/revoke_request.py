"""The control revokeRequest (RFC 10002 section 6.11)."""

import hmac
from datetime import datetime
from typing import Any, Final

from ca_core.access import cmc_clients
from ca_core.certificates.decoding import is_there, reading
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.revocation.revoke import revoke_by_serial
from gateway.cmc.asn1_controls import RevokeRequest
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control

_MAX_COMMENT: Final = 1000
"""Characters of the comment that the audit log keeps."""


async def revoke_request(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.11: signed by whoever may revoke, or with the secret of the client that ordered."""
    value = control.value(RevokeRequest, "revokeRequest")
    with reading("revokeRequest"):
        name: bytes = value["issuer_name"].chosen.untag().dump()
        serial: int = value["serial_number"].native
        reason = int.from_bytes(value["reason"].contents)
        invalidity_date = _moment(value["invalidity_date"].native) if is_there(value["invalidity_date"]) else None
        comment = str(value["comment"].native)[:_MAX_COMMENT] if is_there(value["comment"]) else ""
        passphrase: bytes | None = value["passphrase"].native if is_there(value["passphrase"]) else None
    issuer_id = await exchange.issuer_id(name)
    principal = (
        exchange.principal
        if exchange.requester is not None
        else await _by_passphrase(exchange, issuer_id, serial, passphrase)
    )
    await revoke_by_serial(
        exchange.core, issuer_id, serial, reason, principal, invalidity_date=invalidity_date, comment=comment
    )
    exchange.answer.full = True
    exchange.answer.succeed(control.body_part_id, text="The certificate is revoked.")


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TriviumError(ErrorKind.MALFORMED, "The invalidityDate has no time zone, or no year; give it in UTC.")
    return value


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
