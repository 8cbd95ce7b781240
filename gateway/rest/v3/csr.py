"""A certificate signing request in a JSON body."""

import base64
import binascii
import re
from typing import Annotated, Final

from pydantic import Field

from ca_core.model.errors import ErrorKind, TriviumError

_LABEL: Final = re.compile(r"-----(?:BEGIN|END) (?:NEW )?CERTIFICATE REQUEST-----")
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


def der_of(csr: str) -> bytes:
    """Return the DER of a request in PEM or base64; raises BAD_CSR for what is neither."""
    try:
        return base64.b64decode("".join(_LABEL.sub("", csr).split()), validate=True)
    except (ValueError, binascii.Error):
        raise TriviumError(
            ErrorKind.BAD_CSR, "The CSR is neither PEM nor base64: send what `openssl req -new` writes."
        ) from None
