"""Verification of a signature by `cryptography`, whatever the key."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes


def verifies(key: CertificateIssuerPublicKeyTypes, signature: bytes, message: bytes) -> bool:
    """Tell whether the signature is the key's over the message."""
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                hash_algorithm = hashes.SHA256() if key.curve.name == "secp256r1" else hashes.SHA384()
                key.verify(signature, message, ec.ECDSA(hash_algorithm))
            case rsa.RSAPublicKey():
                key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            case dsa.DSAPublicKey() | ed448.Ed448PublicKey():
                raise TypeError(key)
            case _:
                key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
