"""The key policy: one door for account keys, certificate requests' keys and CMC keys (rules 22-30)."""

import hashlib
from functools import lru_cache
from math import isqrt
from typing import Final

import badkeys
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import KeyPolicy, KeyType
from ca_core.model.store import Transaction

ED25519 = "ed25519"
"""The name by which :attr:`KeyPolicy.curves` admits Ed25519 keys."""

ACCOUNT_KEYS = KeyPolicy(rsa_bits=tuple(range(2048, 4097, 8)), curves=("secp256r1", "secp384r1", "secp521r1", ED25519))
"""The policy of account keys: what RFC 8555 section 6.2 and RFC 8037 let a client sign with."""

FERMAT_ROUNDS = 110
"""BR 6.1.1.3 asks for 100; badkeys stops there, so the rounds are made here, as many as Boulder makes."""

_EXPONENT = 65537
_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", ED25519: "Ed25519"}

_ALGORITHMS: Final[dict[KeyType, tuple[type[rsa.RSAPublicKey | ec.EllipticCurvePublicKey], int]]] = {
    KeyType.RSA_2048: (rsa.RSAPublicKey, 2048),
    KeyType.RSA_3072: (rsa.RSAPublicKey, 3072),
    KeyType.RSA_4096: (rsa.RSAPublicKey, 4096),
    KeyType.EC_SECP256R1: (ec.EllipticCurvePublicKey, 256),
    KeyType.EC_SECP384R1: (ec.EllipticCurvePublicKey, 384),
    KeyType.EC_SECP521R1: (ec.EllipticCurvePublicKey, 521),
}
"""Algorithm and bits of each key type."""

# Never badkeys' default set: it contains `blocklist`, which ends the process when its lists are not downloaded.
_WEAKNESSES = {
    "smallfactors": "its modulus has a small prime factor",
    "roca": "it was made by a library with the ROCA weakness (CVE-2017-15361)",
    "sharedprimes": "it shares a prime factor with other known keys",
    "rsapoly": "its modulus has a pattern by which it can be factored",
    "rsabias": "the bits of its modulus are not random",
    "pattern": "its modulus repeats itself",
}


def load_spki(spki: bytes) -> PublicKeyTypes:
    """Load an untrusted SubjectPublicKeyInfo (DER); raises BAD_KEY.

    `cryptography` takes points on known curves only (rule 27). It also takes a known curve spelled out in explicit
    parameters: :func:`check_public_key` finds that in the document.
    """
    try:
        return load_der_public_key(spki)
    except UnsupportedAlgorithm:
        raise _bad_key("The public key is of an unknown type or on an unknown curve.") from None
    except ValueError:
        raise _bad_key("The public key cannot be read, or is not a point on its curve.") from None


def check_public_key(key: PublicKeyTypes, policy: KeyPolicy, *, document: bytes | None = None) -> None:
    """Refuse a key the policy does not take, or one that is known to be weak; raises BAD_KEY.

    ``document`` is the DER the key came in (a CSR, a certificate, its SubjectPublicKeyInfo); None when it came as a
    JWK, whose reader is strict. Costs some us for EC keys, and 0.5 ms for an RSA modulus that this process has not
    seen lately. Blocked keys are rows: :func:`refuse_blocked` looks for them.
    """
    match key:
        case ec.EllipticCurvePublicKey():
            _check_curve(key.curve.name, policy)
        case rsa.RSAPublicKey():
            _check_rsa(key, policy)
        case ed25519.Ed25519PublicKey():
            _check_curve(ED25519, policy)
        case _:
            raise _bad_key(f"Keys of this type are not accepted; use {_choices(policy)}.")
    if policy.key_type is not None:
        _check_type(key, policy.key_type)
    if document is not None and _spki(key) not in document:
        raise _bad_key(
            "The public key is not in its usual encoding: name its curve (RFC 5480 section 2.1.1), and write its point "
            "uncompressed, or its RSA key as rsaEncryption with NULL parameters (RFC 3279 section 2.3.1)."
        )


def key_name(key: PublicKeyTypes) -> str:
    """Return what people call a key: its algorithm and size, or its curve."""
    match key:
        case ec.EllipticCurvePublicKey():
            return _CURVE_NAMES.get(key.curve.name, key.curve.name)
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ed25519.Ed25519PublicKey():
            return _CURVE_NAMES[ED25519]
    return type(key).__name__.removesuffix("PublicKey")


def refuse_blocked(tx: Transaction, spki_digest: bytes) -> None:
    """Refuse a key that may never be used again (rules 25, 26), inside a store call; raises KEY_REUSED.

    ``spki_digest`` is what :func:`spki_sha256` returns.
    """
    reason = tx.blocked_keys.reason(spki_digest)
    if reason is not None:
        raise TriviumError(ErrorKind.KEY_REUSED, f"This public key is blocked ({reason}); make a new key pair.")


def spki_sha256(key: PublicKeyTypes) -> bytes:
    """Return the SHA-256 of the key's SubjectPublicKeyInfo in DER, 32 bytes: its name in the table of blocked keys."""
    return hashlib.sha256(_spki(key)).digest()


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_curve(name: str, policy: KeyPolicy) -> None:
    if name not in policy.curves:
        raise _bad_key(f"Keys on the curve {_CURVE_NAMES.get(name, name)} are not accepted; use {_choices(policy)}.")


def _check_type(key: PublicKeyTypes, key_type: KeyType) -> None:
    """Refuse a key of another algorithm than the product's, or a smaller one; a larger one passes."""
    algorithm, least = _ALGORITHMS[key_type]
    if not isinstance(key, algorithm) or key.key_size < least:
        raise _bad_key(f"This product is for {key_type} keys; make a key pair of that type, or a larger one.")


def _check_rsa(key: rsa.RSAPublicKey, policy: KeyPolicy) -> None:
    if key.key_size not in policy.rsa_bits:
        raise _bad_key(f"RSA keys of {key.key_size} bits are not accepted; use {_choices(policy)}.")
    numbers = key.public_numbers()
    if numbers.e != _EXPONENT:
        raise _bad_key(f"RSA keys must have the public exponent {_EXPONENT}.")
    weakness = _weakness(numbers.n)
    if weakness is not None:
        raise _bad_key(f"This RSA key is weak: {weakness}; make a new key pair.")


@lru_cache(maxsize=2048)
def _weakness(modulus: int) -> str | None:
    """Say what is wrong with a modulus (rules 22-24); remembered, since clients come back with their account keys."""
    if modulus % 2 == 0:
        return "its modulus is even"
    found = badkeys.checkrsa(modulus, e=_EXPONENT, checks=list(_WEAKNESSES))
    for check in found:
        return _WEAKNESSES[check]
    if _has_close_factors(modulus):
        return "its two primes are too close to each other"
    return None


def _has_close_factors(modulus: int) -> bool:
    """Try Fermat's factorisation: modulus = a^2 - b^2 for an a just above its square root (BR 6.1.1.3 (5.3))."""
    a = isqrt(modulus - 1) + 1
    square = a * a - modulus
    for _ in range(FERMAT_ROUNDS):
        if square & 0xF in (0, 1, 4, 9) and isqrt(square) ** 2 == square:
            return True
        square += 2 * a + 1
        a += 1
    return False


def _choices(policy: KeyPolicy) -> str:
    """Say what the policy takes: ``RSA 2048, 3072, 4096, P-256 or Ed25519``."""
    bits = policy.rsa_bits
    sizes = f"{bits[0]} to {bits[-1]}" if len(bits) > 4 else ", ".join(map(str, bits))  # noqa: PLR2004 - a readable list
    names = [f"RSA {sizes}"] if bits else []
    names += [_CURVE_NAMES.get(curve, curve) for curve in policy.curves]
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _bad_key(detail: str) -> TriviumError:
    return TriviumError(ErrorKind.BAD_KEY, detail)
