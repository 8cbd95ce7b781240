"""raIdentityWitness (RFC 10002 section 6.20): a registration authority knows who sent a message, and vouches for it.

Its sender then orders in the authority's name. That has to be said so: a controlProcessed that names an identity proof
says nothing about the identity.
"""

from typing import Final

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import oids
from gateway.cmc.asn1 import BodyPartPath
from gateway.cmc.authority import Path
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
    vouched = await _message_at(exchange, path)
    refer(exchange, vouched)
    if vouched:
        exchange.nesting.statements.identity[vouched] = authority


async def _message_at(exchange: Exchange, path: Path) -> Path:
    """Return the path of the message that is named, or that has the named part; it is empty for this message itself."""
    holder = path[:-1]
    data = await data_at(exchange, holder)
    if not path or data is None:
        named = bool(path)  # what cannot be opened says so in its own answer
    elif path[-1] in data.contents:
        return path
    else:
        proofs = {one.body_part_id for one in data.controls if one.oid in _PROOFS}
        named = path[-1] in proofs | {one.body_part_id for one in data.requests}
    if not named:
        raise TriviumError(
            ErrorKind.MALFORMED, "The path leads to no identity proof and no request that an identity belongs to."
        )
    return holder
