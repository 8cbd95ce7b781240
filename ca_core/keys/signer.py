"""The signer interface: what the core asks of a key, however it is protected."""

from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)

from ca_core.model.issuers import SealedKey


class KeyAlgorithm(StrEnum):
    """The algorithms an issuer's key can have; the hash goes with the key."""

    P256 = "p256"
    P384 = "p384"
    RSA3072 = "rsa3072"
    ED25519 = "ed25519"
    MLDSA44 = "mldsa44"
    MLDSA65 = "mldsa65"
    MLDSA87 = "mldsa87"


class Signer(Protocol):
    """A private key that signs: ECDSA with SHA-256 or SHA-384, RSA PKCS#1 v1.5 with SHA-256, Ed25519 or ML-DSA."""

    @property
    def algorithm(self) -> KeyAlgorithm:
        """The key's algorithm."""
        ...

    @property
    def public_key(self) -> CertificateIssuerPublicKeyTypes:
        """The public half."""
        ...

    async def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message`` as it stands in a certificate (ECDSA: DER Ecdsa-Sig-Value).

        Raises UNAVAILABLE when the key protection does not answer; nothing was signed then, or the signature is lost.
        """
        ...


class KeyRing(Protocol):
    """Finds the signer of a key reference: ``software:key-...`` or ``pkcs11:LABEL``."""

    async def signer(self, key_reference: str) -> Signer:
        """Return the signer; raises UNAVAILABLE when the protection does not answer or does not know the key."""
        ...

    async def new_key(self, algorithm: KeyAlgorithm) -> SealedKey:
        """Make a software key for the gateway's own use, store it sealed, and return its row."""
        ...

    async def private_key(self, key_id: str) -> CertificateIssuerPrivateKeyTypes:
        """Return the private key of a sealed key (``key-...``): for a CSR or a TLS listener; raises UNAVAILABLE."""
        ...
