"""Random tokens that a browser shows and the store knows by their SHA-256 alone: cookies and links."""

import base64
import hashlib
import re
from typing import Final

from ca_core.model.sources import Entropy

_BYTES: Final = 32
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token(entropy: Entropy) -> tuple[str, bytes]:
    """Return 256 random bits in base64url, 43 characters, and the SHA-256 under which they are looked up."""
    token = base64.urlsafe_b64encode(entropy.token(_BYTES)).rstrip(b"=").decode()
    return token, hashlib.sha256(token.encode()).digest()


def sha256_of(token: str) -> bytes | None:
    """Return the SHA-256 under which a token is looked up; None of what cannot be one.

    Whoever times the search for a hash learns nothing about the token (rule 52).
    """
    return hashlib.sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None
