"""JSON Web Keys and Signatures (RFC 7515, 7517, 7518, 8037), written so that a caller can make them wrong."""

import base64
import hashlib
import hmac
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


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new P-256 key, as most clients have."""
    return ec.generate_private_key(ec.SECP256R1())


def encode(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Decode base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_jwk(key: PrivateKey) -> Json:
    """Return the public JWK of a private key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.public_key().public_numbers()
        name, _, length, _ = _CURVES[key.curve.name]
        x, y = (encode(value.to_bytes(length)) for value in (numbers.x, numbers.y))
        return {"crv": name, "kty": "EC", "x": x, "y": y}
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_numbers = key.public_key().public_numbers()
        return {"e": _encode_integer(rsa_numbers.e), "kty": "RSA", "n": _encode_integer(rsa_numbers.n)}
    return {"crv": "Ed25519", "kty": "OKP", "x": encode(key.public_key().public_bytes_raw())}


def thumbprint(key: PrivateKey) -> str:
    """Return the thumbprint of the key (RFC 7638) as key authorizations have it."""
    canonical = json.dumps(public_jwk(key), sort_keys=True, separators=(",", ":"))
    return encode(hashlib.sha256(canonical.encode()).digest())


def algorithm_of(key: PrivateKey) -> str:
    """Return the ``alg`` that goes with the key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES[key.curve.name][1]
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "EdDSA"


def sign(key: PrivateKey, header: Json, payload: bytes) -> Json:
    """Return the flattened JWS of ``payload`` under exactly ``header``, as an object whose members can be spoiled."""
    protected, body = encode(json.dumps(header).encode()), encode(payload)
    return {"protected": protected, "payload": body, "signature": encode(_signature(key, f"{protected}.{body}"))}


def mac(secret: bytes, header: Json, payload: bytes) -> Json:
    """Return the flattened JWS of ``payload`` under an HMAC of the ``alg`` the header names (HS256 if none)."""
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(str(header.get("alg")), "sha256")
    protected, body = encode(json.dumps(header).encode()), encode(payload)
    signature = hmac.digest(secret, f"{protected}.{body}".encode(), digest)
    return {"protected": protected, "payload": body, "signature": encode(signature)}


def _signature(key: PrivateKey, signing_input: str) -> bytes:
    message = signing_input.encode()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        _, _, length, hash_algorithm = _CURVES[key.curve.name]
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hash_algorithm)))
        return r.to_bytes(length) + s.to_bytes(length)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message)


def _encode_integer(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8))
