"""What a PKIData says, as values of ours, parsed once; RFC 10002 section 3.2.2 has the rules on body part ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from asn1crypto.core import Asn1Value, OctetString

from ca_core.certificates.crmf_asn1 import CertReqMsg
from ca_core.certificates.decoding import decode, is_there, reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.asn1 import MAX_BODY_PART_ID, CertificationRequest, PKIData

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
    decoded = decode(PKIData, der, "the PKIData")
    with reading("the PKIData"):
        sequence = decoded["req_sequence"]
        if len(decoded["control_sequence"]) > MAX_CONTROLS or len(sequence) > MAX_REQUESTS:
            raise TriviumError(
                ErrorKind.TOO_LARGE, f"A PKIData has at most {MAX_CONTROLS} controls and {MAX_REQUESTS} requests."
            )
        data = PkiData(
            controls=tuple(
                Control(
                    body_part_id=control["body_part_id"].native,
                    oid=control["attr_type"].dotted,
                    values=tuple(value.dump() for value in control["attr_values"]),
                )
                for control in decoded["control_sequence"]
            ),
            requests=tuple(_request(request) for request in sequence),
            request_sequence=sequence.dump(),
            contents=dict(_contents(decoded)),
        )
    _check_ids(data, decoded)
    return data


def _request(request: Any) -> Request:
    chosen = request.chosen
    if request.name == "tcr":
        return Pkcs10(body_part_id=chosen["body_part_id"].native, der=chosen["certification_request"].dump())
    if request.name == "crm":
        # The tag in the choice stands in the place of the SEQUENCE's own; the content is as it was sent.
        return Crmf(body_part_id=chosen["cert_req"]["cert_req_id"].native, der=b"\x30" + chosen.dump()[1:])
    return OtherRequest(body_part_id=chosen["body_part_id"].native, oid=chosen["request_message_type"].dotted)


def _contents(decoded: PKIData) -> Iterator[tuple[int, bytes]]:
    for content in decoded["cms_sequence"]:
        yield content["body_part_id"].native, content["content_info"].dump()
    for message in decoded["other_msg_sequence"]:
        yield message["body_part_id"].native, message["other_msg_value"].dump()


def _check_ids(data: PkiData, decoded: PKIData) -> None:
    ids = [part.body_part_id for part in (*data.controls, *data.requests)]
    ids += [part["body_part_id"].native for name in ("cms_sequence", "other_msg_sequence") for part in decoded[name]]
    if not all(0 < number <= MAX_BODY_PART_ID for number in ids):
        raise TriviumError(ErrorKind.MALFORMED, "A body part id is a number from 1 to 4294967295.")
    if len(set(ids)) != len(ids):
        raise TriviumError(ErrorKind.MALFORMED, "Two parts of the PKIData have the same body part id.")


def attributes_of(request: Pkcs10 | Crmf) -> tuple[Control, ...]:
    """Return the attributes of a PKCS #10 request, or the controls of a CRMF one: CMC puts the same into both."""
    if isinstance(request, Crmf):
        message = decode(CertReqMsg, request.der, "the CRMF request")
        with reading("the CRMF request"):
            controls = message["cert_req"]["controls"]
            return tuple(
                Control(body_part_id=request.body_part_id, oid=one["type"].dotted, values=(one["value"].dump(),))
                for one in (controls if is_there(controls) else ())
            )
    csr = decode(CertificationRequest, request.der, "the CSR")
    with reading("the CSR"):
        attributes = csr["certification_request_info"]["attributes"]
        return tuple(
            Control(
                body_part_id=request.body_part_id,
                oid=one["type"].dotted,
                values=tuple(value.dump() for value in one["values"]),
            )
            for one in (attributes if is_there(attributes) else ())
        )
