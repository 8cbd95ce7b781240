"""The real clock and the operating system's randomness: what the core gets outside tests."""

import secrets
from datetime import UTC, datetime

from ca_core.model.sources import Sources


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time: aware, UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """The operating system's cryptographically strong random bytes."""

    def token(self, length: int) -> bytes:
        """Return ``length`` random bytes."""
        return secrets.token_bytes(length)


def system_sources() -> Sources:
    """Return the clock and randomness of this machine."""
    return Sources(clock=SystemClock(), entropy=SystemEntropy())
