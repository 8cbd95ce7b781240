"""The control getCRL (RFC 10002 section 6.10)."""

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1_controls import GetCRL
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control


async def get_crl(exchange: Exchange, control: Control) -> None:
    """RFC 10002 section 6.10: the newest CRL of the issuer; there is one for all reasons."""
    exchange.require_query()
    value = control.value(GetCRL, "getCRL")
    with reading("getCRL"):
        name: bytes = value["issuer_name"].chosen.untag().dump()
    issuer_id = await exchange.issuer_id(name)
    crl = await exchange.core.store.read(lambda tx: tx.crls.latest(issuer_id))
    if crl is None:
        raise TriviumError(ErrorKind.NOT_FOUND, "This issuer has published no CRL yet.")
    exchange.answer.crls.append(crl.der)
    exchange.answer.succeed(control.body_part_id)
