"""Requests with an idempotency key in a store."""

from datetime import datetime
from typing import Protocol

from ca_core.model.idempotency import IdempotentRequest


class IdempotentRequests(Protocol):
    """Requests with an idempotency key."""

    def claim(self, request: IdempotentRequest) -> bool:
        """Take the key for the request; False when another request has it that has not expired."""
        ...

    def get(self, actor: str, key: str, now: datetime) -> IdempotentRequest | None:
        """Return the request that has the key and has not expired."""
        ...

    def answer(self, actor: str, key: str, sealed_answer: bytes) -> None: ...
    def purge(self, now: datetime, limit: int) -> int:
        """Forget requests that have expired."""
        ...
