"""ID tokens (OpenID Connect Core section 3.1.3.7): bytes in, claims out, or the reason why they do not count."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey, import_key

from ca_core.model.errors import ErrorKind, TriviumError

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures that only the provider can make: neither `none` nor an HMAC, whose key would be the client secret."""
SKEW: Final = 60
"""How far clocks may differ, in seconds."""
_MAX_TOKEN: Final = 16 * 1024
_MAX_SUBJECT: Final = 255
_MIN_RSA_BITS: Final = 2048


class UnknownKeyError(Exception):
    """The token names a key that is not in the set: the provider may have a new one."""


def keys_of(document: Mapping[str, Any]) -> KeySet:
    """Return the public keys of a JWK Set (RFC 7517 section 5) that can verify signatures; others are left out."""
    listed = document.get("keys")
    found = [_key(one) for one in listed] if isinstance(listed, list) else []
    return KeySet([key for key in found if key is not None])


def verified(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime) -> dict[str, Any]:
    """Return the claims of a token that the issuer has made for us, in answer to the request with this nonce.

    Raises UNAUTHENTICATED, and :class:`UnknownKeyError`.
    """
    if len(token) > _MAX_TOKEN:
        raise refused(f"its ID token is longer than {_MAX_TOKEN} characters")
    try:
        signed = jws.deserialize_compact(token.encode(), keys, algorithms=list(ALGORITHMS))
        claims = json.loads(signed.payload or b"")
        if not isinstance(claims, dict):
            raise refused("its ID token holds no claims")
        checked = CodeIDToken(
            claims,
            signed.headers(),
            {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            {"nonce": nonce, "client_id": client_id},
        )
        checked.validate(now=int(now.timestamp()), leeway=SKEW)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise refused(f"its ID token does not hold ({_reason(error)})") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or not subject.isascii():
        raise refused(f"the sub of its ID token is no text of 1 to {_MAX_SUBJECT} ASCII characters")
    return claims


def refused(why: str) -> TriviumError:
    """Return the error of an answer of the provider that does not count."""
    return TriviumError(
        ErrorKind.UNAUTHENTICATED,
        f"The identity provider's answer is not accepted: {why}. Sign in again; if that does not help, tell the "
        "operator of the CA.",
    )


def _key(member: object) -> RSAKey | ECKey | OKPKey | None:
    """Return a key of a set, None for one that we cannot use."""
    try:
        key = import_key(member) if isinstance(member, dict) else None
    except (JoseError, ValueError, TypeError):
        return None
    if isinstance(key, RSAKey) and key.raw_value.key_size < _MIN_RSA_BITS:
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _reason(error: Exception) -> str:
    """Say what is wrong without a word of what came from outside."""
    return str(getattr(error, "error", "")) or "it cannot be read"
