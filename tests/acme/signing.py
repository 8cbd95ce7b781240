"""The client's half of a JWS, able to get every part of it wrong. Written apart from the server's code on purpose."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Json = dict[str, Any]

_CURVES: dict[str, tuple[str, str, int, hashes.HashAlgorithm]] = {
    "secp256r1": ("P-256", "ES256", 32, hashes.SHA256()),
    "secp384r1": ("P-384", "ES384", 48, hashes.SHA384()),
    "secp521r1": ("P-521", "ES512", 66, hashes.SHA512()),
}


def b64(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64_int(value: int, length: int | None = None) -> str:
    """Encode an integer as JWKs write it."""
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8))


def jwk_of(key: PrivateKey) -> Json:
    """Return the public JWK of a private key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.public_key().public_numbers()
        name, _, length, _ = _CURVES[key.curve.name]
        return {"kty": "EC", "crv": name, "x": b64_int(numbers.x, length), "y": b64_int(numbers.y, length)}
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": b64_int(rsa_numbers.n), "e": b64_int(rsa_numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw())}


def alg_of(key: PrivateKey) -> str:
    """Return the algorithm that goes with the key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES[key.curve.name][1]
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "EdDSA"


def raw_signature(key: PrivateKey, message: bytes) -> bytes:
    """Sign as JWS signs."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        _, _, length, hash_algorithm = _CURVES[key.curve.name]
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hash_algorithm)))
        return r.to_bytes(length) + s.to_bytes(length)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message)


def envelope(key: PrivateKey, header: Json, payload: Json | bytes) -> Json:
    """Sign ``payload`` under exactly ``header`` and return the flattened JWS."""
    protected = b64(json.dumps(header).encode())
    body = b64(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    signature = b64(raw_signature(key, f"{protected}.{body}".encode()))
    return {"protected": protected, "payload": body, "signature": signature}


def jws(key: PrivateKey, payload: Json | bytes = b"", **header: Any) -> bytes:
    """Return a JWS body: ``alg`` is added where the header names none; a value of None leaves a parameter out."""
    complete = {"alg": alg_of(key)} | header
    return json.dumps(envelope(key, {k: v for k, v in complete.items() if v is not None}, payload)).encode()
