"""Serial numbers: unpredictable, positive, and the same length for ever (BR 7.1.2.7, RFC 5280 section 4.1.2.2)."""

import re
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Entropy

_RANDOM_BYTES: Final = 17
_PREFIXES: Final = 0x7F
_HEX: Final = re.compile(r"(?:0x)?([0-9a-f]{1,64})", re.ASCII | re.IGNORECASE)
_SEPARATORS: Final = str.maketrans("", "", ": ")


def new_serial(entropy: Entropy) -> int:
    """Return a new serial number: a prefix byte 0x01-0x7f and 136 random bits, so positive and below 2^143.

    The prefix keeps the encoding at 18 bytes without a sign byte, whatever the random bits are.
    """
    random = entropy.token(1 + _RANDOM_BYTES)
    prefix = 1 + random[0] % _PREFIXES
    return prefix << 8 * _RANDOM_BYTES | int.from_bytes(random[1:])


def parse_serial(text: str) -> int:
    """Return the serial number that users write in hex, in any case, with leading zeros, colons or ``0x``, or without.

    Raises MALFORMED.
    """
    match = _HEX.fullmatch(text.strip().translate(_SEPARATORS))
    if match is None:
        raise TriviumError(ErrorKind.MALFORMED, "A serial number is written in hex, such as 1a2b3c.")
    return int(match[1], 16)
