"""statusInfoV2 and statusInfo in a request (RFC 10002 sections 6.7 and 6.14): the client takes what it got, or not."""

from typing import Any

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.orders import acceptance
from gateway.cmc import oids
from gateway.cmc.asn1 import CMCStatusInfo, CMCStatusInfoV2
from gateway.cmc.errors import CmcStatus
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control


async def status_info(exchange: Exchange, control: Control) -> None:
    """Note success; on failed, revoke the certificates of the transaction that wait for their confirmation.

    A challenge that could not be decrypted needs nothing: it expires.
    """
    requester = exchange.require_requester()
    spec: type[Any] = CMCStatusInfoV2 if control.oid == oids.STATUS_INFO_V2 else CMCStatusInfo
    value: Any = control.value(spec, "The status info")
    with reading("the status info"):
        status: int = value["cmc_status"].native
        len(value["body_list"])
    text = ""
    if status == CmcStatus.FAILED:
        placed = await exchange.core.store.read(
            lambda tx: tx.cmc_clients.of_transaction(requester.cmc_client.id, exchange.transaction)
        )
        orders = tuple(one.order_id for one in placed)
        count = await acceptance.reject(exchange.core, orders, requester.principal)
        text = f"Certificates of this transaction that waited for their confirmation, and are revoked now: {count}."
    elif status != CmcStatus.SUCCESS:
        raise TriviumError(
            ErrorKind.MALFORMED, "A status info in a request says success (0) or failed (2); leave any other out."
        )
    exchange.answer.full = True
    exchange.answer.succeed(control.body_part_id, text=text)
