"""The clock and the randomness of the key tests."""

import os
from datetime import UTC, datetime


class SystemEntropy:
    """Random bytes from the operating system."""

    def token(self, length: int) -> bytes:
        """Return ``length`` random bytes."""
        return os.urandom(length)


class StandingClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return always the same time."""
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
