"""OCSP requests as clients make them."""

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
    # The builder hashes the issuer of a certificate; the issuer stands in for one, and its serial is replaced.
    hashed = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, algorithm).build()
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        hashed.issuer_name_hash, hashed.issuer_key_hash, serial, algorithm
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)
