"""Clock and randomness that a test owns."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class TestClock:
    """A clock that moves when the test moves it."""

    __test__ = False
    time: datetime = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time the test has set."""
        return self.time

    def advance(self, **amount: float) -> None:
        """Move on by a timedelta's arguments."""
        self.time += timedelta(**amount)


@dataclass
class CountingEntropy:
    """Bytes that differ at every call and are the same in every run."""

    calls: int = field(default=0)

    def token(self, length: int) -> bytes:
        """Return the next ``length`` bytes."""
        self.calls += 1
        return hashlib.shake_128(self.calls.to_bytes(8)).digest(length)
