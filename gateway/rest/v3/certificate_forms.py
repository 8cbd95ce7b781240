"""The forms that a certificate is downloaded in, by their media types."""

from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from fastapi import Response

from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.certificates.chain import pem_certificate, pem_chains
from ca_core.model.errors import ErrorKind, TriviumError

_JSON: Final = frozenset({"application/json", "application/*", "*/*"})


def _pem(found: IssuedCertificate) -> bytes:
    return pem_certificate(found.der).encode()


def _der(found: IssuedCertificate) -> bytes:
    return found.der


def _chain(found: IssuedCertificate) -> bytes:
    return pem_chains(found.der, found.issuer)[0].encode()


def _pkcs7(found: IssuedCertificate) -> bytes:
    return pkcs7.serialize_certificates(x509.load_pem_x509_certificates(_chain(found)), Encoding.DER)


FORMS: Final[dict[str, tuple[str, Callable[[IssuedCertificate], bytes]]]] = {
    "application/x-pem-file": ("pem", _pem),
    "application/pem-certificate-chain": ("pem", _chain),
    "application/pkix-cert": ("cer", _der),
    "application/pkcs7-mime": ("p7c", _pkcs7),
}
"""Media type -> the extension of a file's name, and what makes its content."""


def chosen_form(accept: str | None) -> str | None:
    """Return the media type that Accept likes best; None is JSON. Raises NOT_ACCEPTABLE (RFC 9110 section 12.5.1)."""
    wanted = [_preference(one) for one in (accept or "*/*").split(",") if one.strip()]
    for quality, media_type in sorted(wanted, key=lambda one: -one[0]):
        if quality <= 0:
            continue
        if media_type in _JSON:
            return None
        if media_type in FORMS:
            return media_type
    raise TriviumError(
        ErrorKind.NOT_ACCEPTABLE, f"A certificate comes as application/json, or as one of: {', '.join(FORMS)}."
    )


def in_form(found: IssuedCertificate, media_type: str) -> Response:
    """Answer with a certificate in this form."""
    extension, content = FORMS[media_type]
    name = f"{found.certificate.serial:x}.{extension}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{found.certificate.fingerprint[:32]}-{extension}"',
        "Vary": "Accept",
    }
    return Response(content(found), headers=headers, media_type=media_type)


def _preference(text: str) -> tuple[float, str]:
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value), media_type
            except ValueError:
                return 0.0, media_type
    return 1.0, media_type
