"""Account keys: a strict reader of public JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037), and thumbprints."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from ca_core.access.accounts import AccountKey, AccountPublicKey
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.codec import JsonObject, decode_base64url, decode_json_object, encode_base64url, encode_json

# Checked before the key is used for anything: a verification under a key of 100,000 bits takes seconds.
_RSA_BITS = range(2048, 4097)
_MAX_EXPONENT_BITS = 64
_ED25519_BYTES = 32


def parse_jwk(jwk: object) -> AccountKey:
    """Read a public key from the ``jwk`` member of a JWS header, or an ``oldKey``.

    Raises MALFORMED when it is not an object, BAD_KEY when it is a private or symmetric key, of a type or curve that
    no account may have, a point off its curve, or spelled in a way that is not canonical.
    """
    if not isinstance(jwk, dict):
        raise TriviumError(ErrorKind.MALFORMED, '"jwk" must be a JSON object that holds a public key.')
    if "d" in jwk or "k" in jwk:
        raise TriviumError(
            ErrorKind.BAD_KEY, "The JWK holds a private or secret key: make a new one, and send only the public half."
        )
    reader = _READERS.get(jwk["kty"]) if isinstance(jwk.get("kty"), str) else None
    if reader is None:
        raise TriviumError(ErrorKind.BAD_KEY, 'The "kty" of an account key must be EC, RSA or OKP.')
    required = reader(jwk)
    return load_jwk(encode_json(required).decode())


@lru_cache(maxsize=4096)
def load_jwk(jwk: str) -> AccountKey:
    """Make the key of a canonical JWK, as :func:`parse_jwk` wrote it and the store keeps it.

    Kept for the keys used last: making an EC key costs as much as half a verification. Raises BAD_KEY.
    """
    members = decode_json_object(jwk.encode(), "The JWK")
    try:
        public_key = _LOADERS[members["kty"]](members)
    except ValueError:
        raise TriviumError(ErrorKind.BAD_KEY, "The numbers of the JWK do not make a public key of its type.") from None
    return AccountKey(
        public_key=public_key, jwk=jwk, thumbprint=encode_base64url(hashlib.sha256(jwk.encode()).digest())
    )


@dataclass(frozen=True, kw_only=True)
class _Curve:
    curve: EllipticCurve
    coordinate_bytes: int


_CURVES = {
    "P-256": _Curve(curve=SECP256R1(), coordinate_bytes=32),
    "P-384": _Curve(curve=SECP384R1(), coordinate_bytes=48),
    "P-521": _Curve(curve=SECP521R1(), coordinate_bytes=66),
}


def _read_ec(jwk: JsonObject) -> JsonObject:
    curve = _CURVES.get(jwk["crv"]) if isinstance(jwk.get("crv"), str) else None
    if curve is None:
        raise TriviumError(ErrorKind.BAD_KEY, 'The "crv" of an EC account key must be P-256, P-384 or P-521.')
    for name in ("x", "y"):
        if len(_member(jwk, name)) != curve.coordinate_bytes:
            detail = f'"{name}" of a {jwk["crv"]} key must have exactly {curve.coordinate_bytes} bytes.'
            raise TriviumError(ErrorKind.BAD_KEY, detail)
    return {"crv": jwk["crv"], "kty": "EC", "x": jwk["x"], "y": jwk["y"]}


def _read_okp(jwk: JsonObject) -> JsonObject:
    if jwk.get("crv") != "Ed25519":
        raise TriviumError(ErrorKind.BAD_KEY, 'The "crv" of an OKP account key must be Ed25519.')
    if len(_member(jwk, "x")) != _ED25519_BYTES:
        raise TriviumError(ErrorKind.BAD_KEY, '"x" of an Ed25519 key must have exactly 32 bytes.')
    return {"crv": "Ed25519", "kty": "OKP", "x": jwk["x"]}


def _read_rsa(jwk: JsonObject) -> JsonObject:
    modulus, exponent = _member(jwk, "n"), _member(jwk, "e")
    if modulus[:1] == b"\0" or exponent[:1] == b"\0":
        raise TriviumError(ErrorKind.BAD_KEY, '"n" and "e" of an RSA key must not begin with a zero byte.')
    if int.from_bytes(modulus).bit_length() not in _RSA_BITS:
        raise TriviumError(ErrorKind.BAD_KEY, "An RSA account key must have 2048 to 4096 bits.")
    if int.from_bytes(exponent).bit_length() > _MAX_EXPONENT_BITS:
        raise TriviumError(ErrorKind.BAD_KEY, "The exponent of an RSA account key is too large; use 65537.")
    return {"e": jwk["e"], "kty": "RSA", "n": jwk["n"]}


def _member(jwk: JsonObject, name: str) -> bytes:
    return decode_base64url(jwk.get(name), f'The member "{name}" of the JWK')


def _load_ec(jwk: JsonObject) -> AccountPublicKey:
    x, y = (int.from_bytes(_member(jwk, name)) for name in ("x", "y"))
    return EllipticCurvePublicNumbers(x, y, _CURVES[jwk["crv"]].curve).public_key()  # raises for a point off the curve


def _load_okp(jwk: JsonObject) -> AccountPublicKey:
    return Ed25519PublicKey.from_public_bytes(_member(jwk, "x"))


def _load_rsa(jwk: JsonObject) -> AccountPublicKey:
    e, n = (int.from_bytes(_member(jwk, name)) for name in ("e", "n"))
    return RSAPublicNumbers(e, n).public_key()


_READERS: dict[str, Callable[[JsonObject], JsonObject]] = {"EC": _read_ec, "RSA": _read_rsa, "OKP": _read_okp}
_LOADERS: dict[str, Callable[[JsonObject], AccountPublicKey]] = {"EC": _load_ec, "RSA": _load_rsa, "OKP": _load_okp}
