"""Requests that are carried out once however often they come (draft-ietf-httpapi-idempotency-key-header)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class IdempotentRequest:
    """A request that its sender has given a key, from its first effect on.

    ``actor`` is who sent it: keys of two senders never meet (abuse 49). ``digest`` is the SHA-256 of what was asked,
    ``sealed_answer`` what was answered, under the key-encryption key, since answers show secrets; None until there is
    an answer. The key is free again at ``expires_at``.
    """

    actor: str
    key: str
    digest: bytes
    created_at: datetime
    expires_at: datetime
    sealed_answer: bytes | None = None
