"""The secrets that deliveries are signed with: shown once, stored sealed."""

import base64
from typing import Final

from ca_core.keys.sealing import Sealer
from ca_core.model.sources import Entropy

SECRET_BYTES: Final = 32


def new_secret(entropy: Entropy) -> bytes:
    """Return a new secret."""
    return entropy.token(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """Return the secret as its owner is shown it: base64 behind ``whsec_``, as Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def sealed(sealer: Sealer, webhook_id: str, secret: bytes) -> bytes:
    """Return the secret as it is stored."""
    return sealer.seal(_purpose(webhook_id), secret)


def unsealed(sealer: Sealer, webhook_id: str, stored: bytes) -> bytes:
    """Return the secret of what is stored; raises UNAVAILABLE."""
    return sealer.unseal(_purpose(webhook_id), stored)


def _purpose(webhook_id: str) -> str:
    return f"webhook:{webhook_id}"
