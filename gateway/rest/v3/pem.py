"""Certificate signing requests and certificates in a JSON body: PEM, or the base64 of their DER."""

import base64
import binascii
import re
from typing import Annotated, Final

from pydantic import Field

from ca_core.model.errors import ErrorKind, TriviumError

_LABEL: Final = re.compile(r"-----(?:BEGIN|END) (?:(?:NEW )?CERTIFICATE REQUEST|(?:X509 )?CERTIFICATE)-----")
_EXAMPLE: Final = (
    "-----BEGIN CERTIFICATE REQUEST-----\n"
    "MIHpMIGPAgEAMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ3KBScTkjjoy5t\n"
    "O3EpSFMGCR56b/vF9SCEpDbokr+ORh3jtybrsW2QHKiomUoK6qrJ39a+PwJ71jD/\n"
    "i85uy+KtoC0wKwYJKoZIhvcNAQkOMR4wHDAaBgNVHREEEzARgg93d3cuZXhhbXBs\n"
    "ZS5jb20wCgYIKoZIzj0EAwIDSQAwRgIhAM1ViTk5iTvJ2LQ5Let4CgM2TbXu+mhN\n"
    "POXiImi63139AiEAkkC6b87HUaUO0HJ1PsUob2NdY6w/xiZEIOIm90tdVys=\n"
    "-----END CERTIFICATE REQUEST-----\n"
)

Csr = Annotated[
    str,
    Field(
        min_length=1,
        max_length=65536,
        description="The PKCS #10 request in PEM (RFC 7468), or the base64 of its DER.",
        examples=[_EXAMPLE],
    ),
]


Certificate = Annotated[
    str,
    Field(
        min_length=1,
        max_length=65536,
        description="A certificate in PEM (RFC 7468), or the base64 of its DER.",
        examples=["-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"],
    ),
]


def der_of(csr: str) -> bytes:
    """Return the DER of a request in PEM or base64; raises BAD_CSR for what is neither."""
    der = _der(csr)
    if der is None:
        raise TriviumError(ErrorKind.BAD_CSR, "The CSR is neither PEM nor base64: send what `openssl req -new` writes.")
    return der


def der_of_certificate(certificate: str) -> bytes:
    """Return the DER of a certificate in PEM or base64; raises MALFORMED for what is neither."""
    der = _der(certificate)
    if der is None:
        raise TriviumError(
            ErrorKind.MALFORMED, "The certificate is neither PEM nor base64; send one, without its chain."
        )
    return der


def _der(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(_LABEL.sub("", text).split()), validate=True)
    except (ValueError, binascii.Error):
        return None
