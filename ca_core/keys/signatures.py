"""Signatures under an AlgorithmIdentifier that came with them: one list of what is taken, for CMS and CRMF alike."""

from dataclasses import dataclass
from typing import Final

from asn1crypto.algos import AlgorithmIdentifier, RSASSAPSSParams
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from ca_core.certificates.decoding import reading
from ca_core.certificates.der_values import algorithm_in
from ca_core.model.errors import ErrorKind, TriviumError

HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "1.3.14.3.2.26": hashes.SHA1,
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
"""The digest algorithms taken; SHA-1 only from those who have a permission for it."""

_RSA: Final[dict[str, type[hashes.HashAlgorithm] | None]] = {
    "1.2.840.113549.1.1.1": None,  # rsaEncryption: the hash is the SignerInfo's (RFC 3370 section 3.2)
    "1.2.840.113549.1.1.5": hashes.SHA1,
    "1.2.840.113549.1.1.11": hashes.SHA256,
    "1.2.840.113549.1.1.12": hashes.SHA384,
    "1.2.840.113549.1.1.13": hashes.SHA512,
}
_ECDSA: Final[dict[str, type[hashes.HashAlgorithm] | None]] = {
    "1.2.840.10045.2.1": None,  # id-ecPublicKey, which some clients write in the place of the signature algorithm
    "1.2.840.10045.4.1": hashes.SHA1,
    "1.2.840.10045.4.3.2": hashes.SHA256,
    "1.2.840.10045.4.3.3": hashes.SHA384,
    "1.2.840.10045.4.3.4": hashes.SHA512,
}
_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
_ED25519: Final = "1.3.101.112"
_ML_DSA: Final = {
    "2.16.840.1.101.3.4.3.17": mldsa.MLDSA44PublicKey,
    "2.16.840.1.101.3.4.3.18": mldsa.MLDSA65PublicKey,
    "2.16.840.1.101.3.4.3.19": mldsa.MLDSA87PublicKey,
}
_MAX_SALT: Final = 512
"""As long as the modulus of an RSA-4096 key: openssl takes all the room there is."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A signature that nobody has verified, under ``algorithm``, an AlgorithmIdentifier in DER.

    ``digest`` is the hash it was made with where the algorithm names none.
    """

    algorithm: bytes
    value: bytes
    digest: type[hashes.HashAlgorithm] | None = None


def verify(key: PublicKeyTypes, signature: Signature, message: bytes, *, sha1: bool = False) -> None:
    """Verify ``signature`` over ``message``.

    ``sha1`` takes SHA-1 too. Raises BAD_ALGORITHM for an algorithm that is not taken or not the key's, BAD_SIGNATURE
    for a wrong signature.
    """
    with reading("the signature algorithm"):
        oid, parameters = algorithm_in(signature.algorithm)
    try:
        match key:
            case rsa.RSAPublicKey() if oid in _RSA:
                key.verify(signature.value, message, padding.PKCS1v15(), _hash(_RSA[oid], signature, sha1=sha1))
            case rsa.RSAPublicKey() if oid == _PSS:
                pss, digest = _pss(parameters)
                key.verify(signature.value, message, pss, digest)
            case ec.EllipticCurvePublicKey() if oid in _ECDSA:
                key.verify(signature.value, message, ec.ECDSA(_hash(_ECDSA[oid], signature, sha1=sha1)))
            case ed25519.Ed25519PublicKey() if oid == _ED25519:
                key.verify(signature.value, message)
            case mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey() if isinstance(
                key, _ML_DSA.get(oid, ())
            ):
                key.verify(signature.value, message)
            case _:
                raise TriviumError(
                    ErrorKind.BAD_ALGORITHM,
                    f"The signature algorithm {oid} is not taken, or is not for this key; sign with SHA-256, SHA-384 "
                    "or SHA-512 under an RSA or EC key, with Ed25519 or with ML-DSA.",
                )
    except (InvalidSignature, ValueError):  # ValueError: RSASSA-PSS under a key too short for its hash
        raise TriviumError(
            ErrorKind.BAD_SIGNATURE, "The signature does not verify: the message was changed, or signed by another key."
        ) from None


def digest_of(algorithm: AlgorithmIdentifier, *, sha1: bool = False) -> type[hashes.HashAlgorithm]:
    """Return the hash that a DigestAlgorithmIdentifier names; raises BAD_ALGORITHM."""
    with reading("the digest algorithm"):
        oid = algorithm["algorithm"].dotted
    digest = HASHES.get(oid)
    if digest is None or (digest is hashes.SHA1 and not sha1):
        raise _bad_hash(oid)
    return digest


def _hash(named: type[hashes.HashAlgorithm] | None, signature: Signature, *, sha1: bool) -> hashes.HashAlgorithm:
    digest = named or signature.digest
    if digest is None or (digest is hashes.SHA1 and not sha1):
        raise _bad_hash("SHA-1" if digest else "none")
    if signature.digest is not None and digest is not signature.digest:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, "Digest and signature algorithm name two different hashes.")
    return digest()


def _pss(parameters: bytes) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """Return padding and hash of RSASSA-PSS; the hash of MGF1 must be the same (RFC 4055 section 3.1)."""
    with reading("the RSASSA-PSS parameters"):
        decoded = RSASSAPSSParams.load(parameters)
        name = decoded["hash_algorithm"]["algorithm"].dotted
        mask, mask_hash = decoded["mask_gen_algorithm"]["algorithm"], decoded["mask_gen_algorithm"]["parameters"]
        same = mask.dotted == _MGF1 and mask_hash["algorithm"].dotted == name
        salt = decoded["salt_length"].native
    digest = HASHES.get(name)
    if digest is None or digest is hashes.SHA1 or not same or not 0 <= salt <= _MAX_SALT:
        raise _bad_hash(name)
    return padding.PSS(padding.MGF1(digest()), salt), digest()


def _bad_hash(name: str) -> TriviumError:
    return TriviumError(
        ErrorKind.BAD_ALGORITHM,
        f"The hash {name} is not taken here; use SHA-256, SHA-384 or SHA-512. A client that cannot needs the "
        "operator's permission for SHA-1.",
    )
