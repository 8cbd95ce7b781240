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

    A simple request may have a witness and needs none: whoever signs the message that it is in orders it.
    """
    authority = exchange.require_authority("raIdentityWitness")
    value = control.value(BodyPartPath, "raIdentityWitness")
    with reading("raIdentityWitness"):
        path = path_from(value)
    vouched = await _message_at(exchange, path)
    refer(exchange, path if path[0] in exchange.data.contents else ())
    if vouched:
        exchange.nesting.statements.identity[vouched] = authority


async def _message_at(exchange: Exchange, path: Path) -> Path:
    """Return the path of the message that is named or has the named proof; empty where a word changes nothing."""
    holder = path[:-1]
    data = await data_at(exchange, holder)
    if data is None:
        return holder  # what cannot be opened says so in its own answer
    number = path[-1] if path else 0
    if number in data.contents:
        return path
    if number in {one.body_part_id for one in data.controls if one.oid in _PROOFS}:
        return holder
    if number in {one.body_part_id for one in data.requests}:
        return ()
    raise TriviumError(
        ErrorKind.MALFORMED, "The path leads to no identity proof and no request that an identity belongs to."
    )
