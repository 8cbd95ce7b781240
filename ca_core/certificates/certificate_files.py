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
from ca_core.model.values import replace

MAX_FILE: Final = 16 * 1024 * 1024
"""Bytes of a file."""

FILE: Final = DerLimits(size=MAX_FILE, nodes=2_000_000)
"""The limits of a file that an operator reads in at the console."""
_BLOCK: Final = re.compile(rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|PKCS7|CMS)-----([^-]*)-----END \1-----")
_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
"""The content type that a bundle begins with (RFC 5652 section 5.1)."""


def certificates_in(content: bytes, *, limits: DerLimits = FILE) -> Sequence[bytes]:
    """Return the certificates (DER) of a file in their order; whether each can be read is another question.

    ``limits`` are those of the file; its PKCS #7 bundles have equal parts of the nodes.
    Raises MALFORMED for a file that holds none or is damaged, TOO_LARGE.
    """
    if len(content) > limits.size:
        raise TriviumError(ErrorKind.TOO_LARGE, f"The file is too large: at most {limits.size} bytes are read.")
    blocks = [(kind, _decoded(text)) for kind, text in _BLOCK.findall(content)]
    if not blocks:
        blocks = [(b"", content)]
    bundles = sum(not kind.endswith(b"CERTIFICATE") for kind, _ in blocks)
    each = replace(limits, nodes=limits.nodes // max(1, bundles))
    found = [one for kind, der in blocks for one in _in_block(kind, der, each)]
    if not found:
        raise TriviumError(ErrorKind.MALFORMED, "The file holds no certificate.")
    return found


def _in_block(kind: bytes, der: bytes, limits: DerLimits) -> Sequence[bytes]:
    if kind.endswith(b"CERTIFICATE") or _SIGNED_DATA not in der[:32]:
        return [der]
    bundle = decode(ContentInfo, der, "the PKCS #7 file", limits=limits)
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
