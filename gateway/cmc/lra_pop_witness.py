"""lraPOPWitness (RFC 10002 section 6.8): a registration authority has seen that the keys are their requesters'."""

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind
from gateway.cmc.asn1_controls import LraPopWitness
from gateway.cmc.exchange import Exchange
from gateway.cmc.nested import refer
from gateway.cmc.pki_data import Control


async def lra_pop_witness(exchange: Exchange, control: Control) -> None:
    """Take the authority's word for requests of this message, or of the nested one that pkiDataBodyid names.

    Any other pkiDataBodyid means this message: known clients put a random number there in the place of 0.
    """
    exchange.require_authority("lraPOPWitness", ErrorKind.POP_FAILED)
    witness = control.value(LraPopWitness, "lraPOPWitness")
    with reading("lraPOPWitness"):
        named: int = witness["pki_data_body_id"].native
        numbers = tuple(one.native for one in witness["body_ids"])
    path = (named,) if named in exchange.data.contents else ()
    refer(exchange, path)
    exchange.nesting.statements.possession |= {(*path, number) for number in numbers}
