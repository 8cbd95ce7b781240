"""A DNS answer, read as far as a look-up needs it: the records asked for and the CNAMEs that lead to them (RFC 1035).

dnspython makes objects of every record in every section, which took 8% of the time of a whole issuance. Names are
bytes in wire form here, not compressed; in lower case they are equal when DNS says so, as no length is a letter.
"""

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import dns.exception
import dns.name
from dns.flags import AD, QR, TC
from dns.rcode import Rcode
from dns.rdataclass import IN
from dns.rdatatype import CNAME, OPT, RdataType

_HEADER: Final = struct.Struct("!2x5H")
_QUESTION_END: Final = struct.Struct("!2H")
_RECORD: Final = struct.Struct("!HHIH")
# Numbers, since an enumeration's operators are functions of Python.
RESPONSE: Final = int(QR)
TRUNCATED: Final = int(TC)
_AUTHENTICATED: Final = int(AD)
_OPCODE: Final = 0x7800
_RCODE: Final = 0x000F
_LABEL, _POINTER = 0x40, 0xC0
_MAX_NAME: Final = 255
_MAX_LABEL: Final = 63
_MAX_CHAIN: Final = 16

Data = TypeVar("Data")


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[Data]):
    """What an answer says; ``records`` and ``targets`` are by the owner's name in lower case.

    ``records`` are those of the type asked for, each once, ``targets`` those of the CNAMEs. ``rcode`` is the extended
    one (RFC 6891 section 6.1.3), ``authenticated`` the AD bit.
    """

    rcode: Rcode
    authenticated: bool
    records: Mapping[bytes, Collection[Data]]
    targets: Mapping[bytes, bytes]

    def chain(self, name: bytes) -> list[bytes]:
        """Return ``name`` and the targets of the CNAMEs from it on to the records; raises FormError for a loop."""
        names = [name]
        while (owner := names[-1].lower()) not in self.records and owner in self.targets:
            if len(names) > _MAX_CHAIN:
                raise dns.exception.FormError
            names.append(self.targets[owner])
        return names


def parse_answer(packet: bytes, rdtype: RdataType, read: Callable[[bytes], Data]) -> Answer[Data]:
    """Parse an answer about records of ``rdtype``, whose RDATA ``read`` reads; raises FormError or what ``read`` does.

    Every record of every section must be whole and nothing may follow them, or the answer is none.
    """
    try:
        return _parse(packet, rdtype, read)
    except (IndexError, struct.error):
        raise dns.exception.FormError from None


def _parse(packet: bytes, rdtype: RdataType, read: Callable[[bytes], Data]) -> Answer[Data]:
    flags, questions, answers, authorities, additional = _HEADER.unpack_from(packet)
    if flags & _OPCODE or questions != 1:
        raise dns.exception.FormError
    _, at = _name(packet, _HEADER.size)
    _QUESTION_END.unpack_from(packet, at)
    at += _QUESTION_END.size
    rcode = flags & _RCODE
    records: dict[bytes, dict[Data, None]] = {}
    targets: dict[bytes, bytes] = {}
    for number in range(answers + authorities + additional):
        owner, at = _name(packet, at)
        kind, rdclass, ttl, length = _RECORD.unpack_from(packet, at)
        at += _RECORD.size
        end = at + length
        if end > len(packet):
            raise dns.exception.FormError
        if number < answers and rdclass == IN and kind == rdtype:
            records.setdefault(owner.lower(), {})[read(packet[at:end])] = None
        elif number < answers and rdclass == IN and kind == CNAME:
            targets[owner.lower()], after = _name(packet, at)
            if after != end:
                raise dns.exception.FormError
        elif kind == OPT and number >= answers + authorities:
            rcode |= ttl >> 24 << 4
        at = end
    if at != len(packet):
        raise dns.exception.FormError
    return Answer(rcode=Rcode(rcode), authenticated=bool(flags & _AUTHENTICATED), records=records, targets=targets)


def _name(packet: bytes, at: int) -> tuple[bytes, int]:
    """Return the name at ``at``, and where it ends; pointers lead backwards only (RFC 1035 section 4.1.4)."""
    name = b""
    end, bound = 0, at
    while length := packet[at]:
        if length < _LABEL:
            name += packet[at : at + 1 + length]
            at += 1 + length
        elif length >= _POINTER:
            end = end or at + 2
            at = (length & ~_POINTER) << 8 | packet[at + 1]
            if at >= bound:
                raise dns.exception.FormError
            bound = at
        else:
            raise dns.exception.FormError
        if len(name) >= _MAX_NAME:
            raise dns.exception.FormError
    return name + b"\0", end or at + 1


def wire_name(name: str) -> bytes:
    """Return a domain name in lower case and wire form, whether its last dot is there or not; raises ValueError."""
    labels = name.lower().encode("ascii").removesuffix(b".").split(b".")
    if not all(0 < len(label) <= _MAX_LABEL for label in labels):
        raise ValueError("a label is empty or too long")
    wire = b"".join([bytes((len(label),)) + label for label in labels]) + b"\0"
    if len(wire) > _MAX_NAME:
        raise ValueError("the name is too long")
    return wire


def name_text(name: bytes) -> str:
    """Return a name as text, absolute (``www.example.test.``), what is not printable escaped."""
    return dns.name.from_wire(name, 0)[0].to_text()
