"""Ceremonies: exchanges with a browser whose answer counts once, for a while, and from the same browser."""

import hmac
from datetime import timedelta
from typing import Final

from ca_core.access import rate_limits
from ca_core.access.random_tokens import new_token, sha256_of
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.sessions import Ceremony, CeremonyKind
from ca_core.model.store import Transaction

LIFETIME: Final = timedelta(minutes=10)
"""How long somebody may take to sign in elsewhere, or to find his security key."""
_CHALLENGE_BYTES: Final = 32


async def begin(core: Core, kind: CeremonyKind, who: Principal) -> tuple[str, Ceremony]:
    """Begin; return the value of the cookie that binds the browser, and what it is bound to.

    ``who`` is the user, or a stranger, whose beginnings are counted for his address; raises RATE_LIMITED for him.
    """
    stranger = who.kind is PrincipalKind.ANONYMOUS
    handle, handle_sha256 = new_token(core.sources.entropy)
    verifier, _ = new_token(core.sources.entropy)
    ceremony = Ceremony(
        handle_sha256=handle_sha256,
        kind=kind,
        user_id=None if stranger else who.id,
        challenge=core.sources.entropy.token(_CHALLENGE_BYTES),
        verifier=verifier if kind is CeremonyKind.OPENID_CONNECT else "",
        expires_at=core.sources.now() + LIFETIME,
    )

    def add(tx: Transaction) -> None:
        if stranger:
            rate_limits.stranger_s_request(core, tx, who)
        tx.ceremonies.add(ceremony)

    await core.store.write(add, lasting=False)
    return handle, ceremony


async def take(core: Core, kind: CeremonyKind, handle: str, *, user_id: str | None = None) -> Ceremony:
    """Return what has begun with the browser that shows ``handle``, which is over then; raises UNAUTHENTICATED."""
    handle_sha256, now = sha256_of(handle), core.sources.now()
    found = None if handle_sha256 is None else await core.store.write(lambda tx: tx.ceremonies.take(handle_sha256, now))
    if found is None or found.kind is not kind or found.user_id != user_id:
        raise not_begun()
    return found


def state_of(ceremony: Ceremony) -> str:
    """Return what stands for the ceremony in URLs: it tells nothing of the cookie, which must come with it."""
    return ceremony.handle_sha256.hex()


def require_state(ceremony: Ceremony, state: str) -> None:
    """Require that ``state`` is the ceremony's (RFC 6749 section 10.12); raises UNAUTHENTICATED."""
    if not hmac.compare_digest(state_of(ceremony).encode(), state.encode("utf-8", "backslashreplace")):
        raise not_begun()


def not_begun() -> TriviumError:
    """Return the error of an answer to what did not begin here, has ended, or began with another browser."""
    return TriviumError(
        ErrorKind.UNAUTHENTICATED, "This did not begin in this browser, has ended, or took too long; begin again."
    )
