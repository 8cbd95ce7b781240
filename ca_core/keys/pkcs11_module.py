"""The PKCS#11 module as one thread sees it: a session, the handles in it, and what to do when they have gone stale.

Used by the thread of :class:`~ca_core.keys.pkcs11.Pkcs11Token` alone: python-pkcs11 crashes the process when two
threads use sessions of one token. No exception or object of it leaves that thread either.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass

from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError

T = TypeVar("T")
TokenPublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

RETRY_AFTER = 5
"""Seconds after which a caller may find the token again."""

_NO_ANSWER = "does not answer as it should ({error})."
_SENTENCES: dict[type[Exception], str] = {
    pkcs11.NoSuchKey: "has no key {label}.",
    pkcs11.MultipleObjectsReturned: "has several keys {label}; labels must be unique.",
    pkcs11.NoSuchToken: "is not in any slot of the module; is it connected?",
    pkcs11.PinIncorrect: "refused the PIN; correct it and restart the gateway.",
    pkcs11.PinLocked: "has locked the PIN; unlock it and restart the gateway.",
    pkcs11.MechanismInvalid: "does not support the algorithm of the key {label}.",
    InvalidSignature: "signed with another key than {label}; the signature was thrown away.",
}


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """How a token names a curve: ``parameters`` is the OID in DER, ``point`` the bytes of a public point."""

    algorithm: KeyAlgorithm
    parameters: bytes
    point: int
    key_type: KeyType
    generate: Mechanism


_CURVES = (
    _Curve(
        algorithm=KeyAlgorithm.P256,
        parameters=bytes.fromhex("06082a8648ce3d030107"),
        point=65,
        key_type=KeyType.EC,
        generate=Mechanism.EC_KEY_PAIR_GEN,
    ),
    _Curve(
        algorithm=KeyAlgorithm.P384,
        parameters=bytes.fromhex("06052b81040022"),
        point=97,
        key_type=KeyType.EC,
        generate=Mechanism.EC_KEY_PAIR_GEN,
    ),
    _Curve(
        algorithm=KeyAlgorithm.ED25519,
        parameters=bytes.fromhex("06032b6570"),
        point=32,
        key_type=KeyType.EC_EDWARDS,
        generate=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
    ),
)
_CURVE_OF = {curve.algorithm: curve for curve in _CURVES}


class Module:
    """The module, its session and the handles in it. Used by the token's thread alone."""

    _in_use: set[Path] = set()  # noqa: RUF012 - what the process has open, shared on purpose

    def __init__(self, path: Path, token_label: str, pin: str) -> None:
        self._path = path
        self._token_label = token_label
        self._pin = pin
        self._pin_refused = False
        self._library: Any = None
        self._session: Any = None
        self._private_keys: dict[str, Any] = {}

    def public_key(self, label: str) -> tuple[KeyAlgorithm, TokenPublicKey]:
        """Read the public key object with this label."""
        return self._with_session(label, lambda session: self._read_public_key(session, label))

    def sign(self, label: str, algorithm: KeyAlgorithm, public_key: TokenPublicKey, message: bytes) -> bytes:
        """Sign and verify."""

        def attempt(session: Any) -> bytes:
            key = self._private_keys.get(label)
            if key is None:
                key = self._private_keys[label] = _find(session, ObjectClass.PRIVATE_KEY, label)
            return _sign_and_verify(key, algorithm, public_key, message)

        return self._with_session(label, attempt)

    def generate(self, label: str, algorithm: KeyAlgorithm) -> None:
        """Make a key pair on the token, unless one has the label."""

        def attempt(session: Any) -> None:
            try:
                _find(session, ObjectClass.PRIVATE_KEY, label)
            except pkcs11.NoSuchKey:
                _generate(session, label, algorithm)
            else:
                raise TriviumError(ErrorKind.CONFLICT, f"The token {self._token_label} has a key {label} already.")

        self._with_session(label, attempt)

    def close(self) -> None:
        """Close the session and finalize the module."""
        if self._library is not None:
            with suppress(pkcs11.PKCS11Error):
                self._library.finalize()
            self._library = self._session = None
            self._private_keys.clear()
            self._in_use.discard(self._path)

    def _with_session(self, label: str, attempt: Callable[[Any], T]) -> T:
        """Make the attempt; after any failure once more, in a new session with handles fetched anew."""
        failure = ""
        for reopen in (False, True):
            try:
                if reopen or self._session is None:
                    self._open()
                return attempt(self._session)
            except (pkcs11.PKCS11Error, InvalidSignature, ValueError) as error:  # ValueError: no such point or enum
                self._session = None
                failure = self._sentence(error, label)
                if isinstance(error, pkcs11.PinIncorrect | pkcs11.PinLocked):
                    self._pin_refused = True
                    break
        raise unavailable(failure)

    def _open(self) -> None:
        """Start the module anew, which is the only way to see a token that was away, and log in."""
        if self._pin_refused:
            # A second attempt with the same PIN would bring the token closer to locking itself.
            raise unavailable(f"The token {self._token_label} refused the PIN; correct it and restart the gateway.")
        self._private_keys.clear()
        if self._library is not None:
            self._library.reinitialize()
        elif self._path in self._in_use:
            raise TriviumError(ErrorKind.INTERNAL, f"{self._path} is open already: one token a module and process.")
        else:
            self._library = pkcs11.lib(str(self._path))
            self._in_use.add(self._path)
        token = self._library.get_token(token_label=self._token_label)
        self._session = token.open(rw=True, user_pin=self._pin)

    def _read_public_key(self, session: Any, label: str) -> tuple[KeyAlgorithm, TokenPublicKey]:
        key = _find(session, ObjectClass.PUBLIC_KEY, label)
        if key.key_type == KeyType.RSA:
            modulus = int.from_bytes(key[Attribute.MODULUS])
            if modulus.bit_length() == 3072:  # noqa: PLR2004 - KeyAlgorithm.RSA3072
                exponent = int.from_bytes(key[Attribute.PUBLIC_EXPONENT])
                return KeyAlgorithm.RSA3072, rsa.RSAPublicNumbers(exponent, modulus).public_key()
        else:
            parameters = bytes(key[Attribute.EC_PARAMS])
            for curve in _CURVES:
                if parameters == curve.parameters:
                    # The point is a DER OCTET STRING (PKCS#11 3.0, section 2.3.5); some tokens leave the header out.
                    return curve.algorithm, _public_key(curve.algorithm, bytes(key[Attribute.EC_POINT])[-curve.point :])
        raise unavailable(f"The key {label} in the token {self._token_label} is of a type that is not supported.")

    def _sentence(self, error: Exception, label: str) -> str:
        if self._library is None:
            return f"The PKCS#11 module {self._path} cannot be loaded."
        text = next((text for kind, text in _SENTENCES.items() if isinstance(error, kind)), _NO_ANSWER)
        return f"The token {self._token_label} {text.format(label=label, error=type(error).__name__)}"


def _find(session: Any, kind: ObjectClass, label: str) -> Any:
    """Find the one key with this label; raises NoSuchKey or MultipleObjectsReturned."""
    session.generate_random(64)  # tells whether the session lives; a search in a dead one complains on stderr
    return session.get_key(object_class=kind, label=label)


def _sign_and_verify(key: Any, algorithm: KeyAlgorithm, public_key: TokenPublicKey, message: bytes) -> bytes:
    match public_key:
        case ec.EllipticCurvePublicKey():
            p256 = algorithm is KeyAlgorithm.P256
            digest = hashlib.sha256(message) if p256 else hashlib.sha384(message)
            raw = key.sign(digest.digest(), mechanism=Mechanism.ECDSA)
            half = len(raw) // 2
            signature = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
            public_key.verify(signature, message, ec.ECDSA(hashes.SHA256() if p256 else hashes.SHA384()))
        case rsa.RSAPublicKey():
            signature = bytes(key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            public_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        case ed25519.Ed25519PublicKey():
            signature = bytes(key.sign(message, mechanism=Mechanism.EDDSA))
            public_key.verify(signature, message)
    return signature


def _public_key(algorithm: KeyAlgorithm, point: bytes) -> TokenPublicKey:
    match algorithm:
        case KeyAlgorithm.P256:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        case KeyAlgorithm.P384:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point)
        case _:
            return ed25519.Ed25519PublicKey.from_public_bytes(point)


def _generate(session: Any, label: str, algorithm: KeyAlgorithm) -> None:
    options = {
        "id": label.encode(),
        "label": label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    }
    if algorithm is KeyAlgorithm.RSA3072:
        session.generate_keypair(KeyType.RSA, 3072, **options)
        return
    curve = _CURVE_OF.get(algorithm)
    if curve is None:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, f"Keys of type {algorithm} cannot be made in a PKCS#11 token.")
    domain = session.create_domain_parameters(curve.key_type, {Attribute.EC_PARAMS: curve.parameters}, local=True)
    domain.generate_keypair(mechanism=curve.generate, **options)


def unavailable(detail: str) -> TriviumError:
    """Return the error for a token that cannot serve now."""
    return TriviumError(ErrorKind.UNAVAILABLE, detail, retry_after=RETRY_AFTER)
