"""raIdentityWitness (RFC 10002 section 6.20): a registration authority knows who sent a message, and vouches for it.

Its sender then orders in the authority's name. That has to be said so: a controlProcessed that names an identity proof
says nothing about the identity.
"""

from typing import Final

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import oids
from gateway.cmc.asn1 import BodyPartPath
from gateway.cmc.exchange import Exchange
from gateway.cmc.nested import data_at, path_from, refer
from gateway.cmc.pki_data import Control

_PROOFS: Final = frozenset({oids.IDENTITY_PROOF, oids.IDENTITY_PROOF_V2})


async def ra_identity_witness(exchange: Exchange, control: Control) -> None:
    """Take the authority's word for a nested message: it is named, or the identity proof in it.

    A simple request beside the control is the authority's own and needs no witness, but may have one.
    """
    authority = exchange.require_authority("raIdentityWitness")
    value = control.value(BodyPartPath, "raIdentityWitness")
    with reading("raIdentityWitness"):
        path = path_from(value)
    holder = path[:-1]
    data = await data_at(exchange, holder)
    if data is None or (path and path[-1] in data.contents):
        vouched = holder if data is None else path
    elif path and path[-1] in {one.body_part_id for one in data.controls if one.oid in _PROOFS}:
        vouched = holder
    elif path and path[-1] in {one.body_part_id for one in data.requests}:
        vouched = ()
    else:
        raise TriviumError(
            ErrorKind.MALFORMED, "The path leads to no identity proof and no request that an identity belongs to."
        )
    refer(exchange, path if path[0] in exchange.data.contents else ())
    if vouched:
        exchange.nesting.statements.identity[vouched] = authority
