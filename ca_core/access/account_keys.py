"""The public key of an ACME account, from the JWK it is kept as."""

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from josepy.jwk import JWK


@lru_cache(maxsize=4096)
def account_spki_sha256(jwk: str) -> bytes:
    """Return the SHA-256 of the SubjectPublicKeyInfo of a stored account key (canonical JWK JSON)."""
    members = json.loads(jwk)
    public: Any
    if members["kty"] == "OKP":  # josepy does not know RFC 8037
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(members["x"] + "="))
    else:
        key: Any = JWK.from_json(members)
        public = key.public_key().key
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
