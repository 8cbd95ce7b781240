"""The one clock and the one source of randomness, passed in so that tests own time; and the ids made from both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_VERSION_7 = 0x7 << 76
_RFC_VARIANT = 0b10 << 62


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current time: aware, UTC."""
        ...


class Entropy(Protocol):
    """Gives cryptographically strong random bytes."""

    def token(self, length: int, /) -> bytes:
        """Return ``length`` random bytes."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Clock and randomness together, as everything that makes an id or a token needs them."""

    clock: Clock
    entropy: Entropy

    def now(self) -> datetime:
        """Return the current time: aware, UTC."""
        return self.clock.now()

    def new_id(self, prefix: str) -> str:
        """Return a new id such as ``ord-018f...``: the prefix users know and a UUIDv7 (RFC 9562 section 5.7).

        74 of its bits are random; authorisation never rests on an id alone.
        """
        milliseconds = int(self.now().timestamp() * 1000) & 0xFFFF_FFFF_FFFF
        random = int.from_bytes(self.entropy.token(10))
        value = milliseconds << 80 | _VERSION_7 | (random >> 68 & 0xFFF) << 64 | _RFC_VARIANT | random & (1 << 62) - 1
        text = f"{value:032x}"
        return f"{prefix}-{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
