"""A JSON Web Token (RFC 7519): read strictly before anybody is asked for a key, its claims checked once it is verified.

Bytes in, values out. The signature and the claims that are compared with fixed values are PyJWT's; the times are ours,
which come from the one clock.
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Final

import jwt

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.tokens import TokenRules

MAX_TOKEN: Final = 4096
ALGORITHM: Final = "HS256"
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_USER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,127}")
_REQUIRED: Final = ("iss", "aud", "sub", "iat", "nbf", "exp")
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "zip", "cty"})
_TIMES: Final = ("iat", "nbf", "exp")


@dataclass(frozen=True, kw_only=True)
class PresentedToken:
    """A token whose form is right and whose signature nobody has checked.

    ``subject`` is the user it says it is of; empty when that cannot be a user's name.
    """

    text: str
    signing_input: bytes
    signature: bytes
    subject: str


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The claims of a token that its user has signed and that holds now. ``token_id`` is its ``jti``, if any."""

    subject: str
    token_id: str | None


def is_user_name(name: str) -> bool:
    """Whether a user may be called so: up to 128 letters, digits and ``_.@+-``, a letter or digit first."""
    return _USER_NAME.fullmatch(name) is not None


def read(text: str) -> PresentedToken:
    """Read a token of the compact form; raises UNAUTHENTICATED for any other, and for any algorithm but HS256.

    No key is ever taken from the token: ``jwk``, ``jku``, ``x5u`` and ``kid`` are not looked at (RFC 8725 section 3.1).
    """
    parts = _COMPACT.fullmatch(text) if len(text) <= MAX_TOKEN else None
    if parts is None:
        raise refused(f"it is not a signed JSON Web Token of at most {MAX_TOKEN} characters")
    header = _object(parts[1], "header")
    if header.get("alg") != ALGORITHM:
        raise refused(f"its alg must be {ALGORITHM}")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise refused("its typ must be JWT")
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise refused(f"its header must not have {' or '.join(sorted(_REFUSED_HEADERS & header.keys()))}")
    subject = _object(parts[2], "payload").get("sub")
    return PresentedToken(
        text=text,
        signing_input=f"{parts[1]}.{parts[2]}".encode(),
        signature=_decoded(parts[3]),
        subject=subject if isinstance(subject, str) and is_user_name(subject) else "",
    )


def verified(token: PresentedToken, secret: bytes, rules: TokenRules, now: datetime) -> Claims | None:
    """Return the claims of a token that ``secret`` has signed, None when it has not; raises UNAUTHENTICATED.

    Every claim must be there, ``iss`` and ``aud`` exactly ours, and the time from ``iat`` to ``exp`` no longer than
    the rules say.
    """
    try:
        claims = jwt.decode(
            token.text,
            secret,
            algorithms=[ALGORITHM],
            audience=rules.audience,
            issuer=rules.issuers,
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.InvalidSignatureError:
        return None
    except jwt.MissingRequiredClaimError as error:
        raise refused(f"its claim {error.claim} is missing") from None
    except jwt.InvalidIssuerError:
        raise refused(f"its iss must be one of: {', '.join(rules.issuers)}") from None
    except jwt.InvalidTokenError as error:
        raise refused(f"{str(error)[:1].lower()}{str(error)[1:].rstrip('.')}") from None
    if claims["aud"] not in (rules.audience, [rules.audience]):
        raise refused(f'its aud must be "{rules.audience}" alone')
    _check_times(claims, rules, now.timestamp())
    return Claims(subject=token.subject, token_id=claims.get("jti"))


def signed(subject: str, token_id: str, secret: bytes, rules: TokenRules, now: datetime) -> str:
    """Return a token of the user ``subject`` that holds from ``now`` for the lifetime of the rules."""
    seconds = int(now.timestamp())
    claims = {
        "iss": rules.issuers[0],
        "aud": rules.audience,
        "sub": subject,
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + rules.lifetime,
        "jti": token_id,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def refused(why: str) -> TriviumError:
    """Return the error of a token that does not hold."""
    return TriviumError(ErrorKind.UNAUTHENTICATED, f"The token is not accepted: {why}.")


def _check_times(claims: dict[str, Any], rules: TokenRules, now: float) -> None:
    for name in _TIMES:
        value = claims[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise refused(f"its {name} must be a number of seconds since 1970")
    issued, begins, ends = (claims[name] for name in _TIMES)
    if ends - issued > rules.lifetime or ends > now + rules.lifetime + rules.skew:
        raise refused(f"it must end at most {rules.lifetime // 3600} hours after its iat")
    if ends <= now - rules.skew:
        raise refused("it has expired; make a new one")
    if max(issued, begins) > now + rules.skew:
        raise refused("its iat or nbf lies in the future; set your clock")


def _object(text: str, what: str) -> dict[str, Any]:
    """Return a JSON object of the token; one with a member twice means something else to each reader (abuse 18)."""
    try:
        value = json.loads(_decoded(text), object_pairs_hook=_members, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise refused(f"its {what} is not a JSON object") from None
    if not isinstance(value, dict):
        raise refused(f"its {what} is not a JSON object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands there twice")
    return members


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise refused("a part of it is not base64url") from None
