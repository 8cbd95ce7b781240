"""Certificate signing requests and keys, for clients that leave them to their users."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.acme.model import AccountKey, KeyType, Request

_RSA_BITS = 2048


def new_key(key_type: KeyType) -> AccountKey:
    """Make a key: P-256 or RSA-2048."""
    if key_type is KeyType.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def write_key(key: AccountKey, file: Path) -> None:
    """Write a key as PEM (PKCS#8)."""
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def make_csr(request: Request, key: AccountKey) -> x509.CertificateSigningRequest:
    """Make a CSR for the identifiers of a request, all as subject alternative names, with an empty subject."""
    names = [x509.DNSName(name) for name in request.names]
    addresses = [x509.IPAddress(address) for address in request.addresses]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
    return builder.sign(key, hashes.SHA256())
