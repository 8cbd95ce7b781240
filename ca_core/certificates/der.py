"""The guard in front of every ASN.1 parser: refuses what would make one slow, deep or ambiguous.

Python's ASN.1 libraries take seconds for a 200 kB OBJECT IDENTIFIER and recurse on nested values, so untrusted bytes
pass here first. The walk is iterative and looks at headers only; every refused input costs less than 5 ms.
"""

from dataclasses import dataclass
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError

_INTEGER: Final = 0x02
_OBJECT_IDENTIFIER: Final = 0x06
_IS_CONSTRUCTED: Final = 0x20
_CLASS_MASK: Final = 0xC0
_HIGH_TAG_NUMBER: Final = 0x1F
_INDEFINITE_LENGTH: Final = 0x80
_LONG_FORM: Final = 0x80
_ALWAYS_CONSTRUCTED: Final = frozenset({0x08, 0x0B, 0x10, 0x11})
"""EXTERNAL, EMBEDDED PDV, SEQUENCE and SET: every other universal type is primitive in DER (X.690 section 10.2)."""


def _is_allowed(tag: int) -> bool:
    number = tag & 0x1F
    if number == _HIGH_TAG_NUMBER or tag & _CLASS_MASK:
        return number != _HIGH_TAG_NUMBER
    return number != 0 and bool(tag & _IS_CONSTRUCTED) == (number in _ALWAYS_CONSTRUCTED)


_ALLOWED: Final = frozenset(filter(_is_allowed, range(256)))
_CONSTRUCTED: Final = frozenset(tag for tag in _ALLOWED if tag & _IS_CONSTRUCTED)


@dataclass(frozen=True, kw_only=True)
class DerLimits:
    """How large and deep a DER value may be; sizes in bytes. The defaults fit every request of ours."""

    size: int = 64 * 1024
    depth: int = 32
    nodes: int = 5000
    object_identifier: int = 64
    integer: int = 2100


_DEFAULT_LIMITS: Final = DerLimits()


def check_der(data: bytes, *, limits: DerLimits = _DEFAULT_LIMITS) -> None:
    """Raise MALFORMED unless ``data`` is exactly one DER value within ``limits`` (X.690 sections 8.1 and 10).

    Refused are indefinite and non-minimal lengths, multi-byte tags (nothing we parse has one), primitive types in
    constructed form, trailing bytes. The content of an OCTET STRING or BIT STRING is opaque here: whoever decodes it
    checks it again.
    """
    if not data:
        raise _malformed("it is empty")
    if len(data) > limits.size:
        raise _malformed(f"it is {len(data)} bytes long, at most {limits.size} are taken")
    offset, nodes = 0, 0
    enclosing: list[int] = []
    end = len(data)
    while True:
        nodes += 1
        if nodes > limits.nodes:
            raise _malformed(f"it has more than {limits.nodes} values")
        tag = data[offset]
        start, length = _read_header(data, offset, end)
        if tag in _CONSTRUCTED:
            if len(enclosing) >= limits.depth:
                raise _malformed(f"its values are nested deeper than {limits.depth}")
            enclosing.append(end)
            offset, end = start, start + length
        else:
            _check_primitive(tag, length, offset, limits)
            offset = start + length
        while offset == end:
            if not enclosing:
                return
            end = enclosing.pop()
        if not enclosing:
            raise _malformed(f"{end - offset} bytes follow after its end")


def _read_header(data: bytes, offset: int, end: int) -> tuple[int, int]:
    """Return where the content of the value at ``offset`` starts and how long it is; it must not go past ``end``."""
    if offset + 2 > end:
        raise _malformed(f"it is cut off at byte {offset}")
    start, length = offset + 2, data[offset + 1]
    if length == _INDEFINITE_LENGTH:
        raise _malformed(f"the value at byte {offset} has an indefinite length, which DER does not know")
    if length > _LONG_FORM:
        octets = length & 0x7F
        if octets > 4 or start + octets > end:  # noqa: PLR2004 - no length below the size limit needs more octets
            raise _malformed(f"the value at byte {offset} is longer than what holds it")
        length = int.from_bytes(data[start : start + octets])
        if length < _LONG_FORM or length < 1 << 8 * (octets - 1):
            raise _malformed(f"the length of the value at byte {offset} is not in its shortest form")
        start += octets
    if length > end - start:
        raise _malformed(f"the value at byte {offset} is longer than what holds it")
    return start, length


def _check_primitive(tag: int, length: int, offset: int, limits: DerLimits) -> None:
    if tag not in _ALLOWED:
        above = tag & 0x1F == _HIGH_TAG_NUMBER
        raise _malformed(
            f"the value at byte {offset} has a tag {'number above 30' if above else 'that DER does not allow'}"
        )
    if tag == _OBJECT_IDENTIFIER and not 0 < length <= limits.object_identifier:
        raise _malformed(f"an OBJECT IDENTIFIER has {length} bytes, 1 to {limits.object_identifier} are taken")
    if tag == _INTEGER and not 0 < length <= limits.integer:
        raise _malformed(f"an INTEGER has {length} bytes, 1 to {limits.integer} are taken")


def _malformed(why: str) -> TriviumError:
    return TriviumError(ErrorKind.MALFORMED, f"The data is not acceptable DER: {why}.")
