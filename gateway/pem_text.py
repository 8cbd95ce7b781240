"""Certificate signing requests and certificates as people and their programs send them: PEM, or base64 of the DER."""

import base64
import binascii
import re
from typing import Final

from ca_core.model.errors import ErrorKind, TriviumError

_LABEL: Final = re.compile(r"-----(?:BEGIN|END) (?:(?:NEW )?CERTIFICATE REQUEST|(?:X509 )?CERTIFICATE)-----")


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
