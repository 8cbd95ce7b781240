"""Challenges by which the possession of a key that only enciphers is shown (RFC 10002 section 6.7, rule 76).

The value is encrypted for the key and never leaves otherwise; what is kept of it is sealed, for one CMC client, one
transaction and one request, until it is answered once or expires.
"""

import hashlib
from datetime import timedelta
from typing import Final

from ca_core.core import Core
from ca_core.model.cmc_clients import CmcChallenge

LIFETIME: Final = timedelta(hours=1)
"""How long a challenge may be answered."""

_VALUE_BYTES: Final = 64
"""The key of an HMAC: RFC 10002 uses no more than the first 64 octets."""


async def start(core: Core, cmc_client_id: str, transaction: bytes, request: bytes) -> bytes:
    """Return the value that only the holder of the key in ``request`` (DER) is to learn; an older one counts no more.

    ``transaction`` is the digest of the transactionId, empty without one.
    """
    value = core.sources.entropy.token(_VALUE_BYTES)
    challenge = CmcChallenge(
        cmc_client_id=cmc_client_id,
        transaction=transaction,
        request=hashlib.sha256(request).digest(),
        sealed=core.sealer.seal(_purpose(cmc_client_id), value),
        expires_at=core.sources.now() + LIFETIME,
    )
    await core.store.write(lambda tx: tx.cmc_challenges.put(challenge))
    return value


async def take(core: Core, cmc_client_id: str, transaction: bytes, request: bytes) -> bytes | None:
    """Return the value of the open challenge and close it, whatever the answer is; None when none is open."""
    digest = hashlib.sha256(request).digest()
    challenge = await core.store.write(lambda tx: tx.cmc_challenges.take(cmc_client_id, transaction, digest))
    if challenge is None or challenge.expires_at <= core.sources.now():
        return None
    return core.sealer.unseal(_purpose(cmc_client_id), challenge.sealed)


def _purpose(cmc_client_id: str) -> str:
    return f"cmc-challenge:{cmc_client_id}"
