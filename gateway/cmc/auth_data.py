"""The control authData (RFC 10002 section 6.16): controls in an AuthenticatedData under a shared secret."""

import asyncio
import hashlib
import hmac
from dataclasses import replace
from typing import Final

from asn1crypto import algos, cms, core
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from ca_core.access import cmc_clients
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Entropy
from gateway.cmc import oids
from gateway.cmc.asn1 import BodyPartID
from gateway.cmc.authenticated import parse_authenticated, verify
from gateway.cmc.ber import to_der
from gateway.cmc.cms import AUTHENTICATED_DATA, content_info
from gateway.cmc.exchange import Exchange
from gateway.cmc.front_end import FrontEnd
from gateway.cmc.pki_data import Control, PkiData, parse_pki_data

_SHA256: Final = {"algorithm": "sha256"}
_ITERATIONS: Final = 10_000
_MAX_PARTS: Final = 4
"""Each is a key derived from a password, for as long as the sender chooses; others wait for theirs."""
_INSIDE: Final = frozenset(
    {
        oids.GET_CERT,
        oids.GET_CRL,
        oids.REVOKE_REQUEST,
        oids.QUERY_PENDING,
        oids.CONFIRM_CERT_ACCEPTANCE,
        oids.TRUSTED_ANCHORS,
        oids.PUBLISH_CERT,
        oids.STATUS_INFO,
        oids.STATUS_INFO_V2,
    }
)


async def auth_data(exchange: Exchange, control: Control) -> None:
    """Take the controls in the part that the value names for controls of this message, which are answered about this.

    Its secret must be that of the client that sent the message: it is another proof, and gives no further right.
    Raises AUTH_DATA_FAILED when the part does not authenticate.
    """
    sender = exchange.require_requester()
    if len(exchange.data.of_type(oids.AUTH_DATA)) > _MAX_PARTS:
        raise TriviumError(ErrorKind.TOO_LARGE, f"A message has at most {_MAX_PARTS} authData.")
    number: int = control.whole(BodyPartID, "authData").native
    if number not in exchange.data.contents:
        raise TriviumError(ErrorKind.MALFORMED, f"There is no part {number} in the cmsSequence that authData names.")
    try:
        inner = await _verified(exchange.front_end, exchange.data.contents[number], sender.cmc_client.name)
    except TriviumError as error:
        if error.kind is ErrorKind.UNAVAILABLE:
            raise
        raise TriviumError(
            ErrorKind.AUTH_DATA_FAILED,
            f"The part {number} is no AuthenticatedData over a PKIData under the secret shared with this client.",
        ) from error
    wrong = sorted({one.oid for one in inner.controls} - _INSIDE)
    if wrong or inner.requests or inner.contents:
        raise TriviumError(
            ErrorKind.MALFORMED,
            "In authData only controls that ask for something are taken, and no requests or messages.",
        )
    exchange.authenticated += tuple(replace(one, body_part_id=control.body_part_id) for one in inner.controls)


async def _verified(front_end: FrontEnd, der: bytes, name: str) -> PkiData:
    kind, content = content_info(to_der(der))
    if kind != AUTHENTICATED_DATA:
        raise TriviumError(ErrorKind.MALFORMED, "It is no AuthenticatedData.")
    message = parse_authenticated(content)
    _, secret = await cmc_clients.by_identification(front_end.core, name)
    async with front_end.derivation:
        await asyncio.to_thread(verify, message, name, secret)
    if message.content_type != oids.CCT_PKI_DATA:
        raise TriviumError(ErrorKind.MALFORMED, "Its content is no PKIData.")
    return parse_pki_data(message.content)


async def authenticated(front_end: FrontEnd, content: bytes, identification: str, secret: bytes) -> bytes:
    """Return a PKIData (DER) in an AuthenticatedData (ContentInfo, DER) under the secret of ``identification``."""
    async with front_end.derivation:
        return await asyncio.to_thread(
            _authenticated, content, identification.encode() + secret, front_end.core.sources.entropy
        )


def _authenticated(content: bytes, password: bytes, entropy: Entropy) -> bytes:
    salt, key = entropy.token(16), entropy.token(32)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [oids.CCT_PKI_DATA]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )
    recipient = {
        "version": "v0",
        "key_derivation_algorithm": {
            "algorithm": "pbkdf2",
            "parameters": {
                "salt": algos.Pbkdf2Salt("specified", salt),
                "iteration_count": _ITERATIONS,
                "prf": _SHA256,
            },
        },
        "key_encryption_algorithm": {"algorithm": "aes256_wrap"},
        "encrypted_key": aes_key_wrap(hashlib.pbkdf2_hmac("sha256", password, salt, _ITERATIONS, 32), key),
    }
    encapsulated = cms.EncapsulatedContentInfo({"content_type": oids.CCT_PKI_DATA})
    encapsulated["content"] = core.ParsableOctetString(content)
    data = cms.AuthenticatedData(
        {
            "version": "v0",
            "recipient_infos": [cms.RecipientInfo("pwri", recipient)],
            "mac_algorithm": _SHA256,
            "digest_algorithm": _SHA256,
            "encap_content_info": encapsulated,
            "auth_attrs": attributes,
            "mac": hmac.digest(key, attributes.dump(), "sha256"),
        }
    )
    der: bytes = cms.ContentInfo({"content_type": "authenticated_data", "content": data}).dump()
    return der
