"""BER in CMS messages: some clients (Bouncy Castle's among them) write indefinite lengths and chopped octet strings.

RFC 5652 allows that around the parts that are signed, so the outer message is brought into DER before the guard looks
at it (rule 62); definite lengths alone go on from here. What is inside an OCTET STRING stays as it was, so no signed
byte changes. A PKIData in BER is refused: none of the known clients writes one.
"""

from typing import Final

from ca_core.certificates.der import DerLimits, check_der
from ca_core.certificates.der_values import tlv
from ca_core.model.errors import ErrorKind, TriviumError

LIMITS: Final = DerLimits()

_INDEFINITE: Final = 0x80
_CONSTRUCTED: Final = 0x20
_OCTET_STRING: Final = 0x04
_END: Final = b"\x00\x00"
_HIGH_TAG: Final = 0x1F


def to_der(data: bytes) -> bytes:
    """Return a CMS message as DER that has passed the guard; what is DER already comes back as it is.

    Raises MALFORMED, and TOO_LARGE beyond the guard's size.
    """
    if len(data) > LIMITS.size:
        raise TriviumError(ErrorKind.TOO_LARGE, f"A CMC message has at most {LIMITS.size} bytes.")
    try:
        check_der(data, limits=LIMITS)
    except TriviumError:
        if _INDEFINITE not in data[1:2]:
            raise
    else:
        return data
    converter = _Converter(data)
    der = converter.value(0)
    if converter.offset != len(data):
        raise _malformed("bytes follow after its end")
    check_der(der, limits=LIMITS)
    return der


class _Converter:
    """Reads one BER value after the other; ``offset`` is where the next begins. It descends as deep as the guard."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = 0
        self.offset = 0

    def value(self, depth: int) -> bytes:
        """Return the next value in DER."""
        self._values += 1
        if depth > LIMITS.depth or self._values > LIMITS.nodes:
            raise _malformed("it has too many values, or too deep ones")
        tag, length = self._header()
        if not tag & _CONSTRUCTED:
            if length is None:
                raise _malformed("a primitive value has an indefinite length")
            return tlv(tag, self._take(length))
        parts = self._parts(length, depth)
        if tag == _OCTET_STRING | _CONSTRUCTED:
            return tlv(_OCTET_STRING, b"".join(_content(part) for part in parts))
        return tlv(tag, b"".join(parts))

    def _parts(self, length: int | None, depth: int) -> list[bytes]:
        parts = []
        end = None if length is None else self.offset + length
        if end is not None and end > len(self._data):
            raise _malformed("it is cut off")
        while self._more(end):
            parts.append(self.value(depth + 1))
        if end is None:
            self._take(2)
        elif self.offset != end:
            raise _malformed("a value is longer than what holds it")
        return parts

    def _more(self, end: int | None) -> bool:
        if end is not None:
            return self.offset < end
        return self._data[self.offset : self.offset + 2] != _END

    def _header(self) -> tuple[int, int | None]:
        tag, first = self._take(2)
        if tag & _HIGH_TAG == _HIGH_TAG:
            raise _malformed("a tag number is above 30")
        if first == _INDEFINITE:
            return tag, None
        if first < _INDEFINITE:
            return tag, first
        return tag, int.from_bytes(self._take(min(first & 0x7F, 8)))

    def _take(self, length: int) -> bytes:
        start, self.offset = self.offset, self.offset + length
        if self.offset > len(self._data):
            raise _malformed("it is cut off")
        return self._data[start : self.offset]


def _content(chunk: bytes) -> bytes:
    """Return the content of a chunk of an octet string, which the converter has made itself."""
    if chunk[0] != _OCTET_STRING:
        raise _malformed("an octet string has a part that is none")
    return chunk[2:] if chunk[1] < _INDEFINITE else chunk[2 + (chunk[1] & 0x7F) :]


def _malformed(why: str) -> TriviumError:
    return TriviumError(ErrorKind.MALFORMED, f"The message is not acceptable BER: {why}.")
