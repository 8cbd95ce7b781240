"""Passphrase protection for a key that leaves the installation: the offline root's (rule 31)."""

from typing import cast

from asn1crypto import algos, keys, pem
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Entropy

ITERATIONS = 600_000
MIN_PASSPHRASE = 8
_SALT_BYTES = 16
_BLOCK_BITS = 128


def encrypt_private_key_pem(key: CertificateIssuerPrivateKeyTypes, passphrase: str, entropy: Entropy) -> bytes:
    """Return the key as ``ENCRYPTED PRIVATE KEY`` PEM, which OpenSSL reads too; takes about 0.2 s.

    PKCS#8 with PBES2 (RFC 8018 section 6.2): PBKDF2-HMAC-SHA256 with 600,000 iterations and AES-256-CBC. It is put
    together here because the serialization of `cryptography` writes 2,048 iterations and cannot be told otherwise.
    Raises MALFORMED when the passphrase has fewer than 8 characters.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise TriviumError(ErrorKind.MALFORMED, f"Choose a passphrase of at least {MIN_PASSPHRASE} characters.")
    salt, iv = entropy.token(_SALT_BYTES), entropy.token(_BLOCK_BITS // 8)
    padder = PKCS7(_BLOCK_BITS).padder()
    clear = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secret = PBKDF2HMAC(hashes.SHA256(), length=32, salt=salt, iterations=ITERATIONS).derive(passphrase.encode())
    encryptor = Cipher(algorithms.AES256(secret), modes.CBC(iv)).encryptor()
    encrypted = encryptor.update(padder.update(clear) + padder.finalize()) + encryptor.finalize()
    parameters = {
        "key_derivation_func": {
            "algorithm": "pbkdf2",
            "parameters": {
                "salt": algos.Pbkdf2Salt(name="specified", value=salt),
                "iteration_count": ITERATIONS,
                "prf": {"algorithm": "sha256"},
            },
        },
        "encryption_scheme": {"algorithm": "aes256_cbc", "parameters": iv},
    }
    info = keys.EncryptedPrivateKeyInfo(
        {"encryption_algorithm": {"algorithm": "pbes2", "parameters": parameters}, "encrypted_data": encrypted}
    )
    return cast("bytes", pem.armor("ENCRYPTED PRIVATE KEY", info.dump()))


def decrypt_private_key_pem(encrypted: bytes, passphrase: str) -> CertificateIssuerPrivateKeyTypes:
    """Open an encrypted PKCS#8 PEM; raises FORBIDDEN for the wrong passphrase, MALFORMED for anything else.

    A wrong passphrase mostly leaves no padding, but once in 256 it does, and then what is no key.
    """
    if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" not in encrypted:
        raise TriviumError(ErrorKind.MALFORMED, "This is not an ENCRYPTED PRIVATE KEY in PEM.")
    try:
        key = serialization.load_pem_private_key(encrypted, passphrase.encode() or b"\0")
    except ValueError:
        if not _is_readable(encrypted):
            raise TriviumError(
                ErrorKind.MALFORMED, "This ENCRYPTED PRIVATE KEY cannot be read: it is damaged."
            ) from None
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            "The passphrase does not open this private key. Type it again; if it is right, the file is damaged.",
        ) from None
    return cast("CertificateIssuerPrivateKeyTypes", key)


def _is_readable(encrypted: bytes) -> bool:
    """Whether the PEM has all that stands around the encrypted octets."""
    try:
        _, _, der = pem.unarmor(encrypted)
        info = keys.EncryptedPrivateKeyInfo.load(der, strict=True)
        return bool(info["encryption_algorithm"].native and info["encrypted_data"].native)
    except (ValueError, TypeError, KeyError):
        return False
