"""The passphrase on the offline root's key."""

import subprocess
from pathlib import Path

import pytest
from asn1crypto import keys, pem
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ca_core.keys.passphrase import ITERATIONS, decrypt_private_key_pem, encrypt_private_key_pem
from ca_core.keys.signer import KeyAlgorithm
from ca_core.keys.software import generate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources

PASSPHRASE = "käse-und-brot 42"


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.P384, KeyAlgorithm.RSA3072, KeyAlgorithm.MLDSA65])
def test_the_passphrase_opens_the_key(sources: Sources, algorithm: KeyAlgorithm) -> None:
    """If this failed, the offline root could never be used again."""
    key = generate(algorithm)
    opened = decrypt_private_key_pem(encrypt_private_key_pem(key, PASSPHRASE, sources.entropy), PASSPHRASE)
    assert opened.public_key() == key.public_key()


def test_openssl_opens_it_too(sources: Sources, tmp_path: Path) -> None:
    """If this failed, the root's key could be used by this program alone (RFC 8018 section 6.2)."""
    key = generate(KeyAlgorithm.P384)
    (tmp_path / "root.pem").write_bytes(encrypt_private_key_pem(key, PASSPHRASE, sources.entropy))
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    command = ["openssl", "pkey", "-in", "root.pem", "-passin", "file:passphrase", "-pubout"]
    public = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30).stdout
    assert public == key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_the_derivation_is_slow_on_purpose(sources: Sources, tmp_path: Path) -> None:
    """If this failed, a stolen file could be searched 300 times faster than it should."""
    (tmp_path / "root.pem").write_bytes(
        encrypt_private_key_pem(generate(KeyAlgorithm.P256), PASSPHRASE, sources.entropy)
    )
    command = ["openssl", "asn1parse", "-in", "root.pem"]
    shown = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=30).stdout
    for part in ("PBES2", "PBKDF2", f"INTEGER           :{ITERATIONS:06X}", "hmacWithSHA256", "aes-256-cbc"):
        assert part in shown
    assert ITERATIONS >= 600_000


@pytest.mark.parametrize("wrong", ["käse-und-brot 43", "", "KÄSE-UND-BROT 42"])
def test_a_wrong_passphrase_is_a_sentence(sources: Sources, wrong: str) -> None:
    """If this failed, a typing error would look like a damaged file."""
    encrypted = encrypt_private_key_pem(generate(KeyAlgorithm.P256), PASSPHRASE, sources.entropy)
    with pytest.raises(TriviumError, match="The passphrase does not open this private key") as raised:
        decrypt_private_key_pem(encrypted, wrong)
    assert raised.value.kind is ErrorKind.FORBIDDEN


def test_a_wrong_passphrase_that_leaves_padding_is_the_same_sentence(sources: Sources) -> None:
    """One typing error in 256 would look like a damaged file: what it decrypts to has padding and is no key."""
    encrypted = encrypt_private_key_pem(generate(KeyAlgorithm.P256), PASSPHRASE, sources.entropy)
    info = keys.EncryptedPrivateKeyInfo.load(pem.unarmor(encrypted)[2])
    scheme = info["encryption_algorithm"]
    secret = PBKDF2HMAC(hashes.SHA256(), length=32, salt=scheme.kdf_salt, iterations=scheme.kdf_iterations)
    encryptor = Cipher(
        algorithms.AES256(secret.derive(PASSPHRASE.encode())), modes.CBC(scheme.encryption_iv)
    ).encryptor()
    info["encrypted_data"] = encryptor.update(b"no private key" + b"\x02" * 2) + encryptor.finalize()
    with pytest.raises(TriviumError, match="The passphrase does not open this private key") as raised:
        decrypt_private_key_pem(pem.armor("ENCRYPTED PRIVATE KEY", info.dump()), PASSPHRASE)
    assert raised.value.kind is ErrorKind.FORBIDDEN


def test_anything_else_is_malformed(sources: Sources) -> None:
    """If this failed, the wrong file would look like the wrong passphrase."""
    key = generate(KeyAlgorithm.P256)
    clear = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    damaged = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
    for given in (b"", clear, damaged):
        with pytest.raises(TriviumError) as raised:
            decrypt_private_key_pem(given, PASSPHRASE)
        assert raised.value.kind is ErrorKind.MALFORMED


def test_a_short_passphrase_is_refused(sources: Sources) -> None:
    """If this failed, the root's key could be protected by nothing."""
    with pytest.raises(TriviumError, match="at least 8 characters") as raised:
        encrypt_private_key_pem(generate(KeyAlgorithm.P256), "1234567", sources.entropy)
    assert raised.value.kind is ErrorKind.MALFORMED
    assert "1234567" not in str(raised.value)
