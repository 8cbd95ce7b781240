"""A CMC message to sign with openssl: a PKIData around one PKCS #10 request (RFC 10002 section 3.2.1).

``python -m conformance.cmc_message REQUEST.p10`` writes it to standard output; ``openssl cms -sign`` does the rest.
"""

import secrets
import sys
from pathlib import Path

PKI_DATA = "1.3.6.1.5.5.7.12.2"
"""id-cct-PKIData, for ``-econtent_type``."""

_SENDER_NONCE = bytes.fromhex("06082b06010505070706")
_SHORT = 0x80


def pki_data(csr: bytes) -> bytes:
    """Return a PKIData (DER) with the request (PKCS #10, DER) as body part 1 and a fresh senderNonce."""
    nonce = _tlv(0x30, _integer(2) + _SENDER_NONCE + _tlv(0x31, _tlv(0x04, secrets.token_bytes(16))))
    request = _tlv(0xA0, _integer(1) + csr)
    return _tlv(0x30, _tlv(0x30, nonce) + _tlv(0x30, request) + _tlv(0x30, b"") + _tlv(0x30, b""))


def _integer(value: int) -> bytes:
    return _tlv(0x02, bytes([value]))


def _tlv(tag: int, content: bytes) -> bytes:
    """Return a DER value."""
    length = len(content)
    if length < _SHORT:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, _SHORT | len(octets)]) + octets + content


if __name__ == "__main__":
    sys.stdout.buffer.write(pki_data(Path(sys.argv[1]).read_bytes()))
