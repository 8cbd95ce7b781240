"""The control confirmCertAcceptance (RFC 10002 section 6.14)."""

from typing import Any

from ca_core.certificates.decoding import reading
from ca_core.model.errors import TriviumError
from ca_core.orders.acceptance import confirm
from gateway.cmc.asn1_controls import CMCCertId, WrappedCertId
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control


async def confirm_cert_acceptance(exchange: Exchange, control: Control) -> None:
    """Keep a certificate that whoever asks has ordered, also named as Dogtag's client does."""
    principal = exchange.require_sender().principal
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
    certificate = await exchange.certificate(name, serial)
    await confirm(exchange.core, certificate.id, principal)
    exchange.answer.full = True
    exchange.answer.succeed(control.body_part_id)
