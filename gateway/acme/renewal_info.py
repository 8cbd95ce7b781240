"""ACME Renewal Information on the wire (RFC 9773): when to renew a certificate, and the name it is asked for by."""

from datetime import timedelta

from ca_core.certificates import renewal
from ca_core.model.certificates import CertificateIdentifier
from gateway.acme.codec import (
    JsonObject,
    decode_base64url,
    encode_base64url,
    format_time,
    malformed,
    optional_string,
)
from gateway.acme.front_end import FrontEnd, Reply, json_reply, retry_after
from gateway.acme.request import Request

_MAX_KEY_IDENTIFIER = 64
_MAX_SERIAL = 20  # octets: RFC 5280 section 4.1.2.2


async def renewal_info(front_end: FrontEnd, request: Request) -> Reply:
    """Say when the certificate in the URL should be renewed, to whoever asks (RFC 9773 section 4.2)."""
    identifier = parse_certificate_identifier(request.path["certificate"])
    info = await renewal.renewal_info(front_end.core, identifier)
    obj: JsonObject = {"suggestedWindow": {"start": format_time(info.start), "end": format_time(info.end)}}
    if info.explanation_url:
        obj["explanationURL"] = info.explanation_url
    return json_reply(obj, retry_after(info.retry_after // timedelta(seconds=1)))


def parse_certificate_identifier(text: str) -> CertificateIdentifier:
    """Read a certificate's identifier (RFC 9773 section 4.1): base64url, a dot, base64url, each in its one spelling.

    The second part is the value of the serial's DER encoding, without tag and length. Raises MALFORMED.
    """
    key_identifier, dot, serial = text.partition(".")
    if not dot:
        raise malformed(
            "A certificate is named by the base64url of its authority key identifier, a dot, and that of its serial."
        )
    return CertificateIdentifier(
        key_identifier=_key_identifier(decode_base64url(key_identifier, "The authority key identifier")),
        serial=_serial(decode_base64url(serial, "The serial")),
    )


def format_certificate_identifier(identifier: CertificateIdentifier) -> str:
    """Write a certificate's identifier; the inverse of :func:`parse_certificate_identifier`."""
    serial = identifier.serial.to_bytes(identifier.serial.bit_length() // 8 + 1)
    return f"{encode_base64url(identifier.key_identifier)}.{encode_base64url(serial)}"


def optional_certificate_identifier(obj: JsonObject, name: str) -> CertificateIdentifier | None:
    """Return the certificate identifier of the member ``name`` if the object has it; raises MALFORMED."""
    text = optional_string(obj, name)
    return None if text is None else parse_certificate_identifier(text)


def _key_identifier(octets: bytes) -> bytes:
    if not 1 <= len(octets) <= _MAX_KEY_IDENTIFIER:
        raise malformed(f"The authority key identifier must have 1 to {_MAX_KEY_IDENTIFIER} octets.")
    return octets


def _serial(octets: bytes) -> int:
    serial = int.from_bytes(octets, signed=True)
    if len(octets) > _MAX_SERIAL or serial <= 0 or len(octets) != serial.bit_length() // 8 + 1:
        raise malformed(
            f"The serial must be a positive DER INTEGER of at most {_MAX_SERIAL} octets: a zero octet leads if the "
            "first bit would be set, and no other."
        )
    return serial
