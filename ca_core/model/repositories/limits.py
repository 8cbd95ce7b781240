"""What a store knows of things that may be used once, so often, or never again."""

from datetime import datetime
from typing import Protocol

from ca_core.model.rate_limits import Rate


class Once(Protocol):
    """What may be used once: ACME nonces, tokens, transactions."""

    def consume(self, kind: str, value: str, expires_at: datetime) -> bool:
        """Use the value up: True the first time, False ever after (at every worker, after every restart)."""
        ...

    def used(self, kind: str, value: str) -> bool:
        """Whether the value is used up, which it stays."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget values that have expired, and so are refused by their age."""
        ...


class RateLimitBuckets(Protocol):
    """Buckets of rate limits; a bucket that nobody has taken from is full."""

    def take(self, bucket: str, now: datetime, rate: Rate) -> bool:
        """Take a token; False when there is none (rule 53)."""
        ...

    def give_back(self, bucket: str, rate: Rate) -> None:
        """Put a token back."""
        ...

    def next_at(self, bucket: str, now: datetime, rate: Rate) -> datetime | None:
        """When there will be a token; None when there is one at ``now``."""
        ...

    def full_at(self, bucket: str) -> datetime | None:
        """When the bucket will be full again; None when it is."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget full buckets."""
        ...


class BlockedKeys(Protocol):
    """Public keys that may never be used again (rules 25, 26), by the SHA-256 of their SubjectPublicKeyInfo."""

    def add(self, spki_sha256: bytes, reason: str, at: datetime) -> None: ...
    def hold(self, spki_sha256: bytes) -> None:
        """Wait until no other write that holds the key is under way, and let none begin before this one is over.

        Held by whoever gives the key to a certificate or an account, or blocks it: what one of them looks up, another
        would change meanwhile.
        """
        ...

    def reason(self, spki_sha256: bytes) -> str | None: ...
