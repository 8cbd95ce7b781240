"""Throw-away keys: they let CertificateBuilder make the to-be-signed bytes of a key it cannot sign with.

The builder signs what it builds, and the signature algorithm stands inside the signed bytes; so it signs with a key of
the issuer's algorithm that nobody keeps, and the signature is dropped. The same TBS then goes to the real key,
whatever protects it.
"""

import functools
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError

_RSA_THROWAWAY_BITS: Final = 2048
"""The smallest modulus that is quick to make and sign with: only the algorithm identifier matters."""

_CURVES: Final = {"secp256r1": KeyAlgorithm.P256, "secp384r1": KeyAlgorithm.P384}
_KEY_TYPES: Final = {
    rsa.RSAPublicKey: KeyAlgorithm.RSA3072,
    ed25519.Ed25519PublicKey: KeyAlgorithm.ED25519,
    mldsa.MLDSA44PublicKey: KeyAlgorithm.MLDSA44,
    mldsa.MLDSA65PublicKey: KeyAlgorithm.MLDSA65,
    mldsa.MLDSA87PublicKey: KeyAlgorithm.MLDSA87,
}
_SIGNATURE_ALGORITHMS: Final = {
    KeyAlgorithm.P256: bytes.fromhex("300a06082a8648ce3d040302"),
    KeyAlgorithm.P384: bytes.fromhex("300a06082a8648ce3d040303"),
    KeyAlgorithm.RSA3072: bytes.fromhex("300d06092a864886f70d01010b0500"),
    KeyAlgorithm.ED25519: bytes.fromhex("300506032b6570"),
    KeyAlgorithm.MLDSA44: bytes.fromhex("300b0609608648016503040311"),
    KeyAlgorithm.MLDSA65: bytes.fromhex("300b0609608648016503040312"),
    KeyAlgorithm.MLDSA87: bytes.fromhex("300b0609608648016503040313"),
}
"""AlgorithmIdentifier in DER: RFC 5758 section 3.2, RFC 4055 section 5, RFC 8410 section 3, RFC 9881 section 2."""


@dataclass(frozen=True, kw_only=True)
class ThrowawayKey:
    """A key of ``algorithm`` with the hash its signatures use; ``sign`` is its only purpose.

    ``signature_algorithm`` is the AlgorithmIdentifier (DER) of its signatures, the same as the real key's.
    """

    algorithm: KeyAlgorithm
    signature_algorithm: bytes
    key: CertificateIssuerPrivateKeyTypes
    hash: hashes.SHA256 | hashes.SHA384 | None

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Return the certificate whose TBS is what the issuer will sign."""
        return builder.sign(self.key, self.hash)


def key_algorithm(public_key: object) -> KeyAlgorithm:
    """Return the algorithm of an issuer's public key; raises BAD_ALGORITHM for one no issuer can have."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        algorithm = _CURVES.get(public_key.curve.name)
    else:
        algorithm = next((algorithm for kind, algorithm in _KEY_TYPES.items() if isinstance(public_key, kind)), None)
    if algorithm is None:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, "An issuer's key is P-256, P-384, RSA, Ed25519 or ML-DSA; this is none of them."
        )
    return algorithm


def throwaway_key(public_key: object) -> ThrowawayKey:
    """Return this process's throw-away key of the algorithm of ``public_key``; raises BAD_ALGORITHM."""
    return _throwaway_key(key_algorithm(public_key))


@functools.cache
def _throwaway_key(algorithm: KeyAlgorithm) -> ThrowawayKey:
    key: CertificateIssuerPrivateKeyTypes
    digest: hashes.SHA256 | hashes.SHA384 | None = None
    match algorithm:
        case KeyAlgorithm.P256:
            key, digest = ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
        case KeyAlgorithm.P384:
            key, digest = ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()
        case KeyAlgorithm.RSA3072:
            key, digest = rsa.generate_private_key(65537, _RSA_THROWAWAY_BITS), hashes.SHA256()
        case KeyAlgorithm.ED25519:
            key = ed25519.Ed25519PrivateKey.generate()
        case KeyAlgorithm.MLDSA44:
            key = mldsa.MLDSA44PrivateKey.generate()
        case KeyAlgorithm.MLDSA65:
            key = mldsa.MLDSA65PrivateKey.generate()
        case KeyAlgorithm.MLDSA87:
            key = mldsa.MLDSA87PrivateKey.generate()
    return ThrowawayKey(algorithm=algorithm, signature_algorithm=_SIGNATURE_ALGORITHMS[algorithm], key=key, hash=digest)
