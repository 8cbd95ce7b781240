"""The control trustedAnchors (RFC 10002 section 6.15): the roots of this CA, so that a client learns them.

The text has no way to ask for it. Here a client asks with the control itself: what it knows already is not looked at.
"""

import hashlib
import itertools

from asn1crypto import core

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import IssuerKind
from gateway.cmc import oids
from gateway.cmc.asn1 import PKIData
from gateway.cmc.asn1_controls import TrustAnchors
from gateway.cmc.auth_data import authenticated
from gateway.cmc.authenticate import Requester
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control


async def trusted_anchors(exchange: Exchange, control: Control) -> None:
    """Answer with the roots: their hashes in the control, the certificates in the bag.

    Whoever was authenticated by a shared secret may know no root by which to verify the answer, so he gets the control
    once more, under that secret, in an authData (section 6.16).
    """
    sender = exchange.require_sender()
    control.whole(TrustAnchors, "trustedAnchors")
    issuers = await exchange.core.store.read(lambda tx: tx.issuers.all())
    roots = [issuer for issuer in issuers if issuer.kind is IssuerKind.ROOT]
    if not roots:
        raise TriviumError(ErrorKind.NOT_FOUND, "This gateway knows no root; ask its operator for the trust anchors.")
    anchors = TrustAnchors(
        {
            # A root that is added raises the number; none is ever taken away.
            "seq_number": int(max(root.created_at for root in roots).timestamp()),
            "hash_algorithm": {"algorithm": "2.16.840.1.101.3.4.2.1"},
            "anchor_hashes": [hashlib.sha256(root.certificate).digest() for root in roots],
        }
    )
    exchange.answer.certificates += [root.certificate for root in roots]
    exchange.answer.add(oids.TRUSTED_ANCHORS, anchors)
    if isinstance(sender, Requester) and sender.secret is not None:
        await _add_authenticated(exchange, sender.identification, sender.secret, anchors)
    exchange.answer.succeed(control.body_part_id)


async def _add_authenticated(exchange: Exchange, identification: str, secret: bytes, anchors: TrustAnchors) -> None:
    data = PKIData(
        {
            "control_sequence": [{"body_part_id": 1, "attr_type": oids.TRUSTED_ANCHORS, "attr_values": [anchors]}],
            "req_sequence": [],
            "cms_sequence": [],
            "other_msg_sequence": [],
        }
    )
    taken = exchange.data.contents.keys() | exchange.answer.contents.keys()
    number = next(one for one in itertools.count(1) if one not in taken)
    der = await authenticated(exchange.front_end, data.dump(), identification, secret)
    exchange.answer.contents[number] = der
    exchange.answer.add(oids.AUTH_DATA, core.Integer(number))
