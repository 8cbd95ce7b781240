"""The certificates in a file of whatever kind: PEM, one after the other, DER, or PKCS #7 without a signer."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

from asn1crypto.cms import ContentInfo

from ca_core.certificates.decoding import decode, is_there, reading
from ca_core.certificates.der import DerLimits
from ca_core.model.errors import ErrorKind, TriviumError

MAX_FILE: Final = 16 * 1024 * 1024
"""Bytes of a file."""

_BUNDLE: Final = DerLimits(size=MAX_FILE, nodes=2_000_000)
_BLOCK: Final = re.compile(rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|PKCS7|CMS)-----([^-]*)-----END \1-----")
_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
"""The content type that a bundle begins with (RFC 5652 section 5.1)."""


def certificates_in(content: bytes) -> Sequence[bytes]:
    """Return the certificates (DER) of a file in their order; whether each can be read is another question.

    Raises MALFORMED for a file that holds none or is damaged, TOO_LARGE.
    """
    if len(content) > MAX_FILE:
        raise TriviumError(ErrorKind.TOO_LARGE, f"The file is too large: at most {MAX_FILE} bytes are read.")
    blocks = [(kind, _decoded(text)) for kind, text in _BLOCK.findall(content)]
    if not blocks:
        blocks = [(b"", content)]
    found = [one for kind, der in blocks for one in _in_block(kind, der)]
    if not found:
        raise TriviumError(ErrorKind.MALFORMED, "The file holds no certificate.")
    return found


def _in_block(kind: bytes, der: bytes) -> Sequence[bytes]:
    if kind.endswith(b"CERTIFICATE") or _SIGNED_DATA not in der[:32]:
        return [der]
    bundle = decode(ContentInfo, der, "the PKCS #7 file", limits=_BUNDLE)
    with reading("the PKCS #7 file"):
        certificates = bundle["content"]["certificates"]
        return (
            [one.chosen.dump() for one in certificates if one.name == "certificate"] if is_there(certificates) else []
        )


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        raise TriviumError(ErrorKind.MALFORMED, "What stands between BEGIN and END is no base64.") from None
