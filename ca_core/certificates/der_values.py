"""DER values taken apart and put together by hand: what every message runs, where a codec costs more than a signature.

What is read here has passed the guard. Where another value stands than the syntax says, a ValueError is raised, be it
by Python when too few or too many are unpacked; whoever reads turns it into MALFORMED by
:func:`~ca_core.certificates.decoding.reading`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
UTF8_STRING: Final = 0x0C
SEQUENCE: Final = 0x30
SET: Final = 0x31

_LONG_FORM: Final = 0x80


def values_in(der: bytes, tag: int = SEQUENCE) -> list[bytes]:
    """Return the values in a constructed value of this tag, each in DER; raises ValueError."""
    content, start, found = content_of(der, tag), 0, []
    while start < len(content):
        end = _bounds(content, start)[1]
        found.append(content[start:end])
        start = end
    return found


def content_of(der: bytes, tag: int) -> bytes:
    """Return the content octets of a value of this tag; raises ValueError."""
    if der[:1] != bytes([tag]):
        raise ValueError("There is another value than the syntax says.")
    return der[_bounds(der, 0)[0] :]


def optional(values: Sequence[bytes], *tags: int) -> list[bytes | None]:
    """Return the optional values at the end of a SEQUENCE, None for each tag that is not there; raises ValueError."""
    rest = list(values)
    found = [rest.pop(0) if rest and rest[0][0] == tag else None for tag in tags]
    if rest:
        raise ValueError("There are more values than the syntax has.")
    return found


def number_in(der: bytes) -> int:
    """Return the number of an INTEGER; raises ValueError."""
    return int.from_bytes(content_of(der, INTEGER), signed=True)


def identifier_in(der: bytes) -> str:
    """Return the OBJECT IDENTIFIER in dotted form; raises ValueError."""
    return asn1.decode_der(x509.ObjectIdentifier, der).dotted_string


def algorithm_in(der: bytes, tag: int = SEQUENCE) -> tuple[str, bytes]:
    """Return the type (dotted) and the parameters (DER, empty where there are none) of an AlgorithmIdentifier.

    RFC 5280 section 4.1.1.2; raises ValueError.
    """
    kind, *parameters = values_in(der, tag)
    if len(parameters) > 1:
        raise ValueError("An algorithm has one value as its parameters.")
    return identifier_in(kind), b"".join(parameters)


def tlv(tag: int, content: bytes) -> bytes:
    """Return a value of a tag below 31 with its class and form, such as 0x30 for a SEQUENCE."""
    length = len(content)
    if length < _LONG_FORM:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, _LONG_FORM | len(octets)]) + octets + content


def sequence(*values: bytes) -> bytes:
    """Return the SEQUENCE of values."""
    return tlv(SEQUENCE, b"".join(values))


def set_of(values: Iterable[bytes], tag: int = SET) -> bytes:
    """Return the SET OF values, which DER sorts (X.690 section 11.6)."""
    return tlv(tag, b"".join(sorted(values)))


def integer(number: int) -> bytes:
    """Return the INTEGER of a number that is not negative."""
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def object_identifier(dotted: str) -> bytes:
    """Return the OBJECT IDENTIFIER."""
    return asn1.encode_der(x509.ObjectIdentifier(dotted))


def _bounds(data: bytes, offset: int) -> tuple[int, int]:
    """Return where the content of the value at ``offset`` starts and ends."""
    start, length = offset + 2, data[offset + 1]
    if length >= _LONG_FORM:
        octets = length & 0x7F
        start, length = start + octets, int.from_bytes(data[start : start + octets])
    return start, start + length
