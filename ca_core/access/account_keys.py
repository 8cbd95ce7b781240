"""Account keys and certificate keys: no key may be both, whichever it was first (RFC 8555 section 11.1, rule 29)."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from ca_core.keys.policy import refuse_blocked
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def refuse_account_key(tx: Transaction, key: CertificatePublicKeyTypes) -> None:
    """Refuse to certify the key of any account, deactivated ones too, inside a store call; raises BAD_CSR."""
    found = thumbprint(key)
    if found is not None and tx.accounts.by_thumbprint(found) is not None:
        raise TriviumError(
            ErrorKind.BAD_CSR, "The CSR has the key of an ACME account; make a separate key for the certificate."
        )


def refuse_certified_key(tx: Transaction, spki_digest: bytes) -> None:
    """Refuse a key that is blocked, or is or was a certificate's, as an account's, inside a write.

    Raises KEY_REUSED or BAD_KEY. Until the end of the write nobody certifies the key or blocks it.
    """
    tx.blocked_keys.hold(spki_digest)
    refuse_blocked(tx, spki_digest)
    if tx.certificates.any_with_key(spki_digest):
        raise TriviumError(
            ErrorKind.BAD_KEY, "This is the key of a certificate; make a separate key pair for the account."
        )


def thumbprint(key: CertificatePublicKeyTypes) -> str | None:
    """Return the JWK thumbprint of a public key (RFC 7638, base64url), None for a key that no account can have."""
    match key:
        case EllipticCurvePublicKey() if key.curve.name in _CURVES:
            numbers, length = key.public_numbers(), (key.key_size + 7) // 8
            jwk = {
                "crv": _CURVES[key.curve.name],
                "kty": "EC",
                "x": _encode(numbers.x.to_bytes(length)),
                "y": _encode(numbers.y.to_bytes(length)),
            }
        case RSAPublicKey():
            rsa = key.public_numbers()
            jwk = {"e": _encode(_octets(rsa.e)), "kty": "RSA", "n": _encode(_octets(rsa.n))}
        case Ed25519PublicKey():
            jwk = {"crv": "Ed25519", "kty": "OKP", "x": _encode(key.public_bytes_raw())}
        case _:
            return None
    return _encode(hashlib.sha256(json.dumps(jwk, separators=(",", ":")).encode()).digest())


def _octets(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
