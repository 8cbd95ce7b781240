"""OCSP requests as clients make them."""

import hashlib

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp


def request_for(
    serial: int,
    issuer_der: bytes,
    *,
    algorithm: hashes.HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> bytes:
    """Return an OCSPRequest (DER) about a serial of the issuer, by SHA-1 as most clients ask."""
    issuer = x509.load_der_x509_certificate(issuer_der)
    algorithm = algorithm or hashes.SHA1()  # noqa: S303 - names the issuer, protects nothing
    key = asn1_x509.Certificate.load(issuer_der)["tbs_certificate"]["subject_public_key_info"]["public_key"]
    hashed = [hashlib.new(algorithm.name, data).digest() for data in (issuer.subject.public_bytes(), bytes(key))]
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(hashed[0], hashed[1], serial, algorithm)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)
