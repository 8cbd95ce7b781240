"""What a PKIData says, as values of ours, parsed once; RFC 10002 section 3.2.2 has the rules on body part ids."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from asn1crypto.core import Asn1Value, OctetString

from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.certificates.decoding import decode, is_there, reading
from ca_core.certificates.der import check_der
from ca_core.certificates.der_values import (
    SEQUENCE,
    SET,
    identifier_in,
    number_in,
    optional,
    values_in,
)
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1 import MAX_BODY_PART_ID

Value = TypeVar("Value", bound=Asn1Value)

MAX_REQUESTS = 100
"""Certification requests in one message: each becomes an order."""

MAX_CONTROLS = 200


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control: its type in dotted form, its values in DER."""

    body_part_id: int
    oid: str
    values: tuple[bytes, ...]

    def value(self, spec: type[Value], what: str) -> Value:
        """Return the one value, of ``spec``; raises MALFORMED when there is not exactly one of it."""
        if len(self.values) != 1:
            raise TriviumError(ErrorKind.MALFORMED, f"{what} must have exactly one value, not {len(self.values)}.")
        return decode(spec, self.values[0], what)

    def whole(self, spec: type[Value], what: str) -> Value:
        """Return the one value, all of it read: what cannot be read must not come back in an answer."""
        value = self.value(spec, what)
        with reading(what):
            value.native  # noqa: B018 - asn1crypto decodes when it is asked
        return value

    def octets(self, what: str) -> bytes:
        """Return the content of the one value, an OCTET STRING; raises MALFORMED."""
        value: bytes = self.whole(OctetString, what).native
        return value


@dataclass(frozen=True, kw_only=True)
class Pkcs10:
    """A tagged certification request: ``der`` is the PKCS #10."""

    body_part_id: int
    der: bytes


@dataclass(frozen=True, kw_only=True)
class Crmf:
    """A CRMF message: ``der`` is the CertReqMsg with its own tag, the body part id its certReqId."""

    body_part_id: int
    der: bytes


@dataclass(frozen=True, kw_only=True)
class OtherRequest:
    """A request message of a type (in dotted form) that nobody here knows."""

    body_part_id: int
    oid: str


Request = Pkcs10 | Crmf | OtherRequest


@dataclass(frozen=True, kw_only=True)
class PkiData:
    """The parsed PKIData. ``request_sequence`` are the bytes of reqSequence as they came, tag and length included.

    ``contents`` are the CMS objects and other messages by their body part ids: used only where a control refers to
    them, ignored otherwise (RFC 10002 section 3.2.1.3).
    """

    controls: tuple[Control, ...]
    requests: tuple[Request, ...]
    request_sequence: bytes
    contents: dict[int, bytes]

    def of_type(self, control_type: str) -> tuple[Control, ...]:
        """Return the controls of a type, in their order."""
        return tuple(control for control in self.controls if control.oid == control_type)

    def only(self, control_type: str, what: str) -> Control | None:
        """Return the control of a type that may be there once; raises MALFORMED when it is there twice."""
        found = self.of_type(control_type)
        if len(found) > 1:
            raise TriviumError(ErrorKind.MALFORMED, f"{what} may be in a PKIData once, not {len(found)} times.")
        return found[0] if found else None


def parse_pki_data(der: bytes) -> PkiData:
    """Parse a PKIData (DER); raises MALFORMED.

    Body part ids are unique, and 0 is the PKIData itself (RFC 10002 section 3.2.2).
    """
    check_der(der)
    with reading("the PKIData"):
        control_sequence, request_sequence, cms_sequence, other_messages = values_in(der)
        controls, requests = values_in(control_sequence), values_in(request_sequence)
        if len(controls) > MAX_CONTROLS or len(requests) > MAX_REQUESTS:
            raise TriviumError(
                ErrorKind.TOO_LARGE, f"A PKIData has at most {MAX_CONTROLS} controls and {MAX_REQUESTS} requests."
            )
        contents = [*map(_content, values_in(cms_sequence)), *map(_other_message, values_in(other_messages))]
        data = PkiData(
            controls=tuple(map(_control, controls)),
            requests=tuple(map(_request, requests)),
            request_sequence=request_sequence,
            contents=dict(contents),
        )
    _check_ids([part.body_part_id for part in (*data.controls, *data.requests)] + [number for number, _ in contents])
    return data


def _control(der: bytes) -> Control:
    number, kind, values = values_in(der)
    return Control(body_part_id=number_in(number), oid=identifier_in(kind), values=tuple(values_in(values, SET)))


def _request(der: bytes) -> Request:
    match der[0]:
        case 0xA0:
            number, request = values_in(der, 0xA0)
            return Pkcs10(body_part_id=number_in(number), der=request)
        case 0xA1:
            request, *_proof = values_in(der, 0xA1)
            number, *_template = values_in(request)
            # The tag in the choice stands in the place of the SEQUENCE's own; the content is as it was sent.
            return Crmf(body_part_id=number_in(number), der=bytes([SEQUENCE]) + der[1:])
    number, kind, _value = values_in(der, 0xA2)
    return OtherRequest(body_part_id=number_in(number), oid=identifier_in(kind))


def _content(der: bytes) -> tuple[int, bytes]:
    number, content = values_in(der)
    return number_in(number), content


def _other_message(der: bytes) -> tuple[int, bytes]:
    number, kind, value = values_in(der)
    identifier_in(kind)
    return number_in(number), value


def _check_ids(ids: list[int]) -> None:
    if not all(0 < number <= MAX_BODY_PART_ID for number in ids):
        raise TriviumError(ErrorKind.MALFORMED, "A body part id is a number from 1 to 4294967295.")
    if len(set(ids)) != len(ids):
        raise TriviumError(ErrorKind.MALFORMED, "Two parts of the PKIData have the same body part id.")


@lru_cache(maxsize=32)
def attributes_of(request: Pkcs10 | Crmf) -> tuple[Control, ...]:
    """Return the attributes of a PKCS #10 request, or the controls of a CRMF one: CMC puts the same into both.

    They are asked for by whoever looks for one of them, each time of the same request.
    """
    if isinstance(request, Crmf):
        message = decode(CertReqMsg, request.der, "the CRMF request")
        with reading("the CRMF request"):
            controls = message["cert_req"]["controls"]
            return tuple(
                Control(body_part_id=request.body_part_id, oid=one["type"].dotted, values=(one["value"].dump(),))
                for one in (controls if is_there(controls) else ())
            )
    with reading("the CSR"):
        return tuple(
            Control(body_part_id=request.body_part_id, oid=identifier_in(kind), values=tuple(values_in(values, SET)))
            for kind, values in map(values_in, pkcs10_attributes(request.der))
        )


def pkcs10_attributes(der: bytes) -> list[bytes]:
    """Return the attributes (RFC 2986 section 4.1) of a guarded PKCS #10, each in DER; raises ValueError."""
    info, _algorithm, _signature = values_in(der)
    _version, _subject, _key, *rest = values_in(info)
    [attributes] = optional(rest, 0xA0)
    return [] if attributes is None else values_in(attributes, 0xA0)
