"""Certificates of a CA that is none of ours."""

import functools
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

END = datetime(2027, 1, 1, tzinfo=UTC)


@functools.cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def foreign(name: str = "www.example.com", *, end: datetime = END, serial: int = 77, subject: str = "") -> bytes:
    """Return a certificate (DER) for a DNS name that ends at ``end``; ``subject`` is the common name, if another."""
    common = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject or name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Earlier CA")])
    made = (
        x509.CertificateBuilder()
        .subject_name(common)
        .issuer_name(issuer)
        .public_key(_key().public_key())
        .serial_number(serial)
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(_key(), hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)
