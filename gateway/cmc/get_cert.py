"""The control getCert (RFC 10002 section 6.9)."""

from asn1crypto import x509

from ca_core.certificates.decoding import reading
from gateway.cmc.asn1_controls import GetCert
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control


async def get_cert(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.9, also with a bare Name for the issuer, as Dogtag's client writes it."""
    exchange.require_query()
    value = control.value(GetCert, "getCert")
    with reading("getCert"):
        chosen = value["issuer_name"].chosen
        name: bytes = (chosen.chosen if isinstance(chosen, x509.Name) else chosen).untag().dump()
        serial: int = value["serial_number"].native
    certificate = await exchange.certificate(name, serial)
    exchange.answer.certificates.append(certificate.der or b"")
    exchange.answer.succeed(control.body_part_id)
