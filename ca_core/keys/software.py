"""Keys held in software: made here, sealed for the store, opened once a process."""

import hashlib
from collections.abc import Callable
from typing import cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)

from ca_core.keys.sealing import KeyEncryptionKey
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import SealedKey
from ca_core.model.sources import Sources

_GENERATORS: dict[KeyAlgorithm, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    KeyAlgorithm.P256: lambda: ec.generate_private_key(ec.SECP256R1()),
    KeyAlgorithm.P384: lambda: ec.generate_private_key(ec.SECP384R1()),
    KeyAlgorithm.RSA3072: lambda: rsa.generate_private_key(65537, 3072),
    KeyAlgorithm.ED25519: ed25519.Ed25519PrivateKey.generate,
    KeyAlgorithm.MLDSA44: mldsa.MLDSA44PrivateKey.generate,
    KeyAlgorithm.MLDSA65: mldsa.MLDSA65PrivateKey.generate,
    KeyAlgorithm.MLDSA87: mldsa.MLDSA87PrivateKey.generate,
}


def generate(algorithm: KeyAlgorithm) -> CertificateIssuerPrivateKeyTypes:
    """Make a private key, from OpenSSL's random generator.

    RSA takes between 0.1 and some seconds: on an event loop, call it through ``asyncio.to_thread``.
    """
    return _GENERATORS[algorithm]()


def seal_key(
    key: CertificateIssuerPrivateKeyTypes, algorithm: KeyAlgorithm, *, kek: KeyEncryptionKey, sources: Sources
) -> SealedKey:
    """Return the private key as it may be stored, under a new ``key-`` id that the seal binds."""
    key_id = sources.new_id("key")
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    clear = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SealedKey(
        id=key_id,
        algorithm=algorithm,
        spki=spki,
        sealed=kek.seal(_purpose(key_id, algorithm, spki), clear),
        created_at=sources.now(),
    )


def open_key(sealed: SealedKey, kek: KeyEncryptionKey) -> "SoftwareSigner":
    """Open a sealed key for use; raises UNAVAILABLE when it does not open under this key-encryption key.

    The seal shows that this program made the key, so the RSA checks (30 ms) are left out.
    """
    clear = kek.unseal(_purpose(sealed.id, sealed.algorithm, sealed.spki), sealed.sealed)
    key = serialization.load_der_private_key(clear, None, unsafe_skip_rsa_key_validation=True)
    return SoftwareSigner(cast("CertificateIssuerPrivateKeyTypes", key), KeyAlgorithm(sealed.algorithm))


class SoftwareSigner:
    """A :class:`~ca_core.keys.signer.Signer` whose key is in this process; its repr shows the algorithm alone."""

    __slots__ = ("_key", "_public_key", "_sign", "algorithm")

    def __init__(self, key: CertificateIssuerPrivateKeyTypes, algorithm: KeyAlgorithm) -> None:
        self.algorithm = algorithm
        self._key = key
        self._public_key = key.public_key()
        self._sign = _signing_function(key, algorithm)

    @property
    def public_key(self) -> CertificateIssuerPublicKeyTypes:
        """The public half."""
        return self._public_key

    @property
    def private_key(self) -> CertificateIssuerPrivateKeyTypes:
        """The key itself, for what must hold it: a TLS listener, a builder that signs by itself."""
        return self._key

    async def sign(self, message: bytes) -> bytes:
        """Sign at once, on the event loop: 20 us for P-256, up to 2 ms for RSA-3072."""
        return self._sign(message)

    def __repr__(self) -> str:
        return f"<SoftwareSigner {self.algorithm}>"


def _signing_function(key: CertificateIssuerPrivateKeyTypes, algorithm: KeyAlgorithm) -> Callable[[bytes], bytes]:
    match key, algorithm:
        case ec.EllipticCurvePrivateKey(), KeyAlgorithm.P256 | KeyAlgorithm.P384:
            ecdsa = ec.ECDSA(hashes.SHA256() if algorithm is KeyAlgorithm.P256 else hashes.SHA384())
            return lambda message: key.sign(message, ecdsa)
        case rsa.RSAPrivateKey(), KeyAlgorithm.RSA3072:
            return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        case ed25519.Ed25519PrivateKey(), KeyAlgorithm.ED25519:
            return key.sign
        case mldsa.MLDSA44PrivateKey(), KeyAlgorithm.MLDSA44:
            return key.sign
        case mldsa.MLDSA65PrivateKey(), KeyAlgorithm.MLDSA65:
            return key.sign
        case mldsa.MLDSA87PrivateKey(), KeyAlgorithm.MLDSA87:
            return key.sign
    raise TriviumError(ErrorKind.INTERNAL, f"A key recorded as {algorithm} is of another type.")


def _purpose(key_id: str, algorithm: str, spki: bytes) -> str:
    return f"sealed-key:{key_id}:{algorithm}:{hashlib.sha256(spki).hexdigest()}"
