"""Serial numbers (rule 13)."""

from ca_core.certificates.serials import new_serial
from tests.certificates.authorities import SystemEntropy


def test_serials_are_unique_positive_and_of_one_length() -> None:
    """Two certificates share a serial, or one is negative or too long for RFC 5280 section 4.1.2.2 (rule 13)."""
    serials = [new_serial(SystemEntropy()) for _ in range(20_000)]
    assert len(set(serials)) == len(serials)
    assert all(1 << 136 <= serial < 1 << 143 for serial in serials)


def test_the_random_bits_are_balanced() -> None:
    """A bit of the 136 random ones is stuck, as the sign bit once was elsewhere (63 bits instead of 64; rule 13)."""
    count = 20_000
    serials = [new_serial(SystemEntropy()) for _ in range(count)]
    for bit in range(136):
        ones = sum(serial >> bit & 1 for serial in serials)
        assert abs(ones - count / 2) < 6 * (count / 4) ** 0.5


class FixedEntropy:
    """Entropy that gives the same byte for ever."""

    def __init__(self, byte: int) -> None:
        self.byte = byte

    def token(self, length: int) -> bytes:
        """Return the byte, ``length`` times."""
        return bytes([self.byte]) * length


def test_the_prefix_is_never_zero_nor_negative() -> None:
    """Unlucky randomness makes a shorter or a negative serial (rule 13: prefix byte 0x01-0x7f)."""
    prefixes = {new_serial(FixedEntropy(byte)) >> 136 for byte in range(256)}
    assert prefixes == set(range(1, 128))
