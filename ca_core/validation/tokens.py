"""Random values that show control: what they are made of, and for how long they may be used (rule 65)."""

import base64
from datetime import timedelta
from typing import Final

from ca_core.model.sources import Sources

TOKEN_LIFETIME: Final = timedelta(days=30)
"""BR 3.2.2.4.7 and 3.2.2.4.18: a random value is good for 30 days."""

_BYTES: Final = 24


def new_token(sources: Sources) -> str:
    """Return a random value: base64url without padding, 192 bits (BR 1.6.1 asks for 112, RFC 8555 for 128)."""
    return base64.urlsafe_b64encode(sources.entropy.token(_BYTES)).decode()
