"""Idempotency keys: a request that comes again is not carried out again, and gets the answer it got.

The key is claimed in the transaction of the request's first effect: what was refused before it did anything leaves the
key free, and of any number of copies, at whichever workers, one has an effect.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.idempotency import IdempotentRequest
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction

LIFETIME: Final = timedelta(hours=24)
"""How long a key belongs to its request."""

_RETRY_SECONDS: Final = 1


@dataclass(frozen=True, kw_only=True)
class KeyedRequest:
    """A request as its sender makes it: the key, and all that makes it this request and no other."""

    principal: Principal
    key: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the content."""
        return hashlib.sha256(self.content).digest()


async def answer_of(core: Core, request: KeyedRequest) -> bytes | None:
    """Return what the request was answered when it came before; None when it is new.

    Raises IDEMPOTENCY_MISMATCH when the key is another request's, CONFLICT while that is being carried out.
    """
    now = core.sources.now()
    known = await core.store.read(lambda tx: tx.idempotent_requests.get(request.principal.actor, request.key, now))
    if known is None:
        return None
    if known.digest != request.digest:
        raise TriviumError(
            ErrorKind.IDEMPOTENCY_MISMATCH,
            "This Idempotency-Key was used for another request; make a new key for each request, and repeat one with "
            "its key and exactly its content.",
        )
    if known.sealed_answer is None:
        raise _unanswered()
    return core.sealer.unseal(_purpose(request), known.sealed_answer)


def claiming(core: Core, request: KeyedRequest) -> Callable[[Transaction], None]:
    """Return what takes the key, in the transaction of the request's first effect; raises CONFLICT when it is taken."""
    now = core.sources.now()
    row = IdempotentRequest(
        actor=request.principal.actor,
        key=request.key,
        digest=request.digest,
        created_at=now,
        expires_at=now + LIFETIME,
    )

    def claim(tx: Transaction) -> None:
        if not tx.idempotent_requests.claim(row):
            raise _unanswered()

    return claim


async def remember(core: Core, request: KeyedRequest, answer: bytes) -> None:
    """Store what the request was answered, sealed."""
    sealed = core.sealer.seal(_purpose(request), answer)
    await core.store.write(lambda tx: tx.idempotent_requests.answer(request.principal.actor, request.key, sealed))


def _purpose(request: KeyedRequest) -> str:
    return f"idempotent-answer:{request.principal.actor}:{request.key}"


def _unanswered() -> TriviumError:
    return TriviumError(
        ErrorKind.CONFLICT,
        "A request with this Idempotency-Key is being carried out, or was cut off before it was answered; ask again, "
        "and if this lasts, look for what it made before you repeat it with a new key.",
        retry_after=_RETRY_SECONDS,
    )
