"""Distinguished names as people write them: RFC 4514, and the spellings of openssl, Java and Windows beside it."""

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ca_core.model.errors import ErrorKind, TriviumError

_MAX: Final = 2048
_TYPES: Final = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "POSTALCODE": "2.5.4.17",
    "GN": "2.5.4.42",
    "G": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "PSEUDONYM": "2.5.4.65",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
}
_OID: Final = re.compile(r"(?:OID\.)?([0-2](?:\.[0-9]{1,20}){1,20})", re.IGNORECASE)
_VALUE: Final = re.compile(r'\s*"(?P<quoted>(?:[^"\\]|\\.)*)"\s*|(?P<plain>(?:[^,;+"\\]|\\.)*)', re.DOTALL)
"""A value up to its separator; neither alternative can match in two ways, so that nothing is tried twice (abuse 71)."""
_ESCAPED: Final = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """An attribute of a name: its type (an OID in dotted form) and its value."""

    type: str
    value: str


Rdn = frozenset[Attribute]
DistinguishedName = tuple[Rdn, ...]
"""The RDNs in the order in which they were written."""


def parse_name(text: str) -> DistinguishedName:
    """Read a name such as ``CN=Example, O="Example, Inc.", C=CH`` or ``/C=CH/CN=Example``; raises MALFORMED."""
    if len(text) > _MAX:
        raise _malformed(text)
    text = text.strip()
    if text.startswith("/"):
        return tuple(frozenset({_attribute(part, text)}) for part in re.split(r"/(?=[A-Za-z0-9.]{1,64}=)", text)[1:])
    rdns: list[Rdn] = []
    attributes: list[Attribute] = []
    position = 0
    while position < len(text):
        kind, equals, _ = text[position:].partition("=")
        found = _VALUE.match(text, position + len(kind) + 1) if equals else None
        end = found.end() if found else 0
        separator = text[end : end + 1]
        if found is None or separator not in {"", ",", ";", "+"}:
            raise _malformed(text)
        written = found["quoted"] if found["quoted"] is not None else found["plain"].strip()
        attributes.append(Attribute(type=_type(kind, text), value=_unescaped(written, text)))
        if separator != "+":
            rdns.append(frozenset(attributes))
            attributes = []
        position = end + 1
        if separator and position >= len(text):
            raise _malformed(text)
    return tuple(rdns)


def name_of(name: x509.Name) -> DistinguishedName:
    """Return the name of a certificate, its RDNs in the order of the encoding."""
    return tuple(
        frozenset(Attribute(type=one.oid.dotted_string, value=str(one.value)) for one in rdn) for rdn in name.rdns
    )


def same_name(one: DistinguishedName, other: DistinguishedName) -> bool:
    """Whether two names are the same whatever the case, the white space and the order in which they are written."""
    first, second = ([_plain(rdn) for rdn in name] for name in (one, other))
    return first in (second, second[::-1])


def _plain(rdn: Rdn) -> frozenset[tuple[str, str]]:
    return frozenset((one.type, " ".join(one.value.casefold().split())) for one in rdn)


def _attribute(part: str, text: str) -> Attribute:
    kind, _, value = part.partition("=")
    return Attribute(type=_type(kind, text), value=value.strip())


def _type(written: str, text: str) -> str:
    kind = written.strip()
    oid = _OID.fullmatch(kind)
    known = oid[1] if oid else _TYPES.get(kind.upper())
    if known is None:
        raise _malformed(text)
    return known


def _unescaped(written: str, text: str) -> str:
    def read(found: re.Match[bytes]) -> bytes:
        escaped = found[1]
        return bytes.fromhex(escaped.decode()) if len(escaped) > 1 else escaped

    try:
        return _ESCAPED.sub(read, written.encode()).decode()
    except UnicodeError:
        raise _malformed(text) from None


def _malformed(text: str) -> TriviumError:
    return TriviumError(
        ErrorKind.MALFORMED,
        f"{text[:100]!a} is no distinguished name; write it as CN=Example, O=Example Inc., C=CH (RFC 4514).",
    )
