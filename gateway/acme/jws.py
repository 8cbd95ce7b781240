"""JSON Web Signatures as RFC 8555 section 6.2 restricts them. Bytes in, a :class:`VerifiedJws` or a refusal out.

Two steps, because the key of most requests is only known once the header is read: :func:`parse_jws` reads and checks
everything that needs no key, :func:`verify` checks the signature and is the only maker of :class:`VerifiedJws`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from ca_core.access.accounts import AccountKey, AccountPublicKey
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.codec import JsonObject, decode_base64url, decode_json_object, malformed
from gateway.acme.jwk import parse_jwk

ALGORITHMS: Final = ("RS256", "ES256", "ES384", "ES512", "EdDSA")
"""The signature algorithms taken, as a badSignatureAlgorithm problem lists them (RFC 8555 section 6.2)."""


@dataclass(frozen=True, kw_only=True)
class Jwk:
    """The request is signed by the key it carries."""

    key: AccountKey


@dataclass(frozen=True, kw_only=True)
class KeyId:
    """The request is signed by the key of this name: the URL of an account, or an external account key's id."""

    value: str


@dataclass(frozen=True, kw_only=True)
class Jws:
    """A JWS that is well-formed and whose signature nobody has checked yet.

    ``nonce`` is None where the header has none: only an inner JWS may do without.
    """

    algorithm: str
    signer: Jwk | KeyId
    url: str
    nonce: str | None
    payload: bytes
    signing_input: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class VerifiedJws:
    """What ``key`` has signed. Only :func:`verify` makes one."""

    key: AccountKey
    signer: Jwk | KeyId
    url: str
    nonce: str | None
    payload: bytes


def parse_jws(body: bytes) -> Jws:
    """Read a JWS in flattened JSON serialisation (RFC 7515 section 7.2.2, RFC 8555 section 6.2; rules 33-35, 41-43).

    Raises MALFORMED, BAD_ALGORITHM for an ``alg`` that is not on the list, BAD_KEY for an embedded key that cannot be
    an account key.
    """
    return parse_envelope(decode_json_object(body, "The request body (a flattened JWS)"), ALGORITHMS)


def parse_envelope(envelope: JsonObject, algorithms: Collection[str]) -> Jws:
    """Read a flattened JWS that is JSON already, and whose ``alg`` must be one of ``algorithms``; raises as above."""
    if "signatures" in envelope:
        raise malformed('Sign once, with the flattened JWS serialisation: "signatures" is not accepted.')
    if "header" in envelope:
        raise malformed('The unprotected "header" of a JWS is not accepted: put everything into "protected".')
    protected, payload = envelope.get("protected"), envelope.get("payload")
    header = decode_json_object(decode_base64url(protected, '"protected"'), 'The header in "protected"')
    signature = decode_base64url(envelope.get("signature"), '"signature"')
    if not signature:
        raise malformed('"signature" must not be empty.')
    _refuse_extensions(header)
    return Jws(
        algorithm=_algorithm(header, algorithms),
        signer=_signer(header),
        url=_url(header),
        nonce=_nonce(header),
        payload=decode_base64url(payload, '"payload"'),
        signing_input=f"{protected}.{payload}".encode(),
        signature=signature,
    )


def verify(jws: Jws, key: AccountKey) -> VerifiedJws:
    """Check that ``key`` made the signature, by the algorithm that goes with its type and curve (rule 34).

    Raises BAD_ALGORITHM when ``alg`` does not go with the key, BAD_SIGNATURE when the signature is wrong.
    """
    if jws.algorithm != algorithm_of(key.public_key):
        detail = f'"alg" is {jws.algorithm}, but the key of this request signs with {algorithm_of(key.public_key)}.'
        raise TriviumError(ErrorKind.BAD_ALGORITHM, detail)
    try:
        _VERIFIERS[jws.algorithm](key.public_key, jws.signature, jws.signing_input)
    except (InvalidSignature, ValueError):
        detail = "The signature of the JWS is not one of the key it names over these bytes."
        raise TriviumError(ErrorKind.BAD_SIGNATURE, detail) from None
    return VerifiedJws(key=key, signer=jws.signer, url=jws.url, nonce=jws.nonce, payload=jws.payload)


def algorithm_of(public_key: AccountPublicKey) -> str:
    """Return the one ``alg`` the key may sign with (RFC 7518 section 3.1, RFC 8037 section 3.1)."""
    if isinstance(public_key, EllipticCurvePublicKey):
        return _CURVE_ALGORITHMS[public_key.curve.name]
    return "RS256" if isinstance(public_key, RSAPublicKey) else "EdDSA"


_CURVE_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def _refuse_extensions(header: JsonObject) -> None:
    """Refuse the header parameters that change what a signature means (RFC 7515 section 4.1.11, RFC 7797, rule 41)."""
    for name in ("crit", "b64", "zip"):
        if name in header:
            raise malformed(f'The JWS header parameter "{name}" is not accepted.')


def _algorithm(header: JsonObject, algorithms: Collection[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise malformed('The JWS header must name its algorithm in "alg".')
    if algorithm not in algorithms:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, f'"alg" must be one of {", ".join(algorithms)}.')
    return algorithm


def _signer(header: JsonObject) -> Jwk | KeyId:
    """Read the one of ``jwk`` and ``kid`` that the header must have (RFC 8555 section 6.2, rule 35)."""
    if ("jwk" in header) == ("kid" in header):
        raise malformed('The JWS header must have exactly one of "jwk" and "kid".')
    if "jwk" in header:
        return Jwk(key=parse_jwk(header["jwk"]))
    if not isinstance(header["kid"], str):
        raise malformed('"kid" must be a string, such as the URL of the account.')
    return KeyId(value=header["kid"])


def _url(header: JsonObject) -> str:
    url = header.get("url")
    if not isinstance(url, str):
        raise malformed('The JWS header must have the URL of the request in "url".')
    return url


def _nonce(header: JsonObject) -> str | None:
    if "nonce" not in header:
        return None
    nonce = header["nonce"]
    decode_base64url(nonce, 'The "nonce" of the JWS header')  # RFC 8555 section 6.5.2: otherwise malformed
    return str(nonce)


def _verify_rs256(key: AccountPublicKey, signature: bytes, message: bytes) -> None:
    assert isinstance(key, RSAPublicKey)  # noqa: S101 - for the type checker: algorithm_of() has said so
    key.verify(signature, message, _PKCS1V15, _SHA256)


def _verify_ecdsa(
    coordinate_bytes: int, hash_algorithm: HashAlgorithm
) -> Callable[[AccountPublicKey, bytes, bytes], None]:
    ecdsa = ECDSA(hash_algorithm)

    def verify_ecdsa(key: AccountPublicKey, signature: bytes, message: bytes) -> None:
        assert isinstance(key, EllipticCurvePublicKey)  # noqa: S101 - for the type checker
        if len(signature) != 2 * coordinate_bytes:  # RFC 7518 section 3.4: r and s at full length, not DER
            raise InvalidSignature
        r, s = int.from_bytes(signature[:coordinate_bytes]), int.from_bytes(signature[coordinate_bytes:])
        key.verify(encode_dss_signature(r, s), message, ecdsa)

    return verify_ecdsa


def _verify_eddsa(key: AccountPublicKey, signature: bytes, message: bytes) -> None:
    assert isinstance(key, Ed25519PublicKey)  # noqa: S101 - for the type checker
    key.verify(signature, message)


_PKCS1V15, _SHA256 = PKCS1v15(), SHA256()
_VERIFIERS: dict[str, Callable[[AccountPublicKey, bytes, bytes], None]] = {
    "RS256": _verify_rs256,
    "ES256": _verify_ecdsa(32, SHA256()),
    "ES384": _verify_ecdsa(48, SHA384()),
    "ES512": _verify_ecdsa(66, SHA512()),
    "EdDSA": _verify_eddsa,
}
