"""PKCS #10 requests that nobody signs: what is asked for in another form, or otherwise, written for the one reader."""

from typing import Final

from ca_core.certificates.der_values import SEQUENCE, SET, sequence, tlv

_VERSION: Final = b"\x02\x01\x00"
_EXTENSION_REQUEST: Final = bytes.fromhex("06092a864886f70d01090e")
_DUMMY_SIGNATURE: Final = bytes.fromhex("300a06082a8648ce3d04030203020000")
"""An AlgorithmIdentifier and an empty BIT STRING: a PKCS #10 has a signature, and this one is not looked at."""

_ATTRIBUTES: Final = 0xA0


def unsigned_csr(*, subject: bytes, spki: bytes, extensions: bytes) -> bytes:
    """Return the PKCS #10 (DER, RFC 2986) of a Name, a SubjectPublicKeyInfo and the content of an Extensions (DER)."""
    attributes = b""
    if extensions:
        attributes = sequence(_EXTENSION_REQUEST, tlv(SET, tlv(SEQUENCE, extensions)))
    info = sequence(_VERSION, subject, spki, tlv(_ATTRIBUTES, attributes))
    return sequence(info, _DUMMY_SIGNATURE)
