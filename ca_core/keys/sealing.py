"""Protection at rest: the key-encryption key seals what the store keeps of the gateway's private keys (rule 31)."""

import base64
import hashlib
import os
import stat
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Entropy

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_SECRET_FILE = 4096
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Sealer(Hashable, Protocol):
    """Seals what the store keeps of secrets, and opens it again."""

    def seal(self, purpose: str, plaintext: bytes) -> bytes:
        """Return what only :meth:`unseal` for the same ``purpose`` opens."""
        ...

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Return the plaintext; raises UNAVAILABLE for anything but what was sealed for this ``purpose``."""
        ...


class KeyEncryptionKey:
    """The one secret an installation keeps outside its database: 32 bytes that seal its private keys.

    It is never used itself: each purpose has its own key, derived from it. Its repr shows nothing of it.
    """

    __slots__ = ("_aead", "_entropy", "_secret")

    def __init__(self, secret: bytes, entropy: Entropy) -> None:
        """Take the 32 bytes; raises UNAVAILABLE when there are more or fewer."""
        if len(secret) != KEY_BYTES:
            raise _not_a_key("The key-encryption key")
        self._secret = secret
        self._entropy = entropy
        self._aead = AESGCM(self.derive("seal"))

    @classmethod
    def from_file(cls, path: Path, entropy: Entropy) -> "KeyEncryptionKey":
        """Read the key from a file of 32 bytes, or of their base64 or hexadecimal text.

        Raises UNAVAILABLE when the file is missing, holds something else, or others may read it.
        """
        return cls(_parse_key(read_secret_file(path), f"The key-encryption key in {path}"), entropy)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], variable: str, entropy: Entropy) -> "KeyEncryptionKey":
        """Read the key from the base64 or hexadecimal text in an environment variable; raises UNAVAILABLE.

        A file is better: a process's environment can be read by its user for as long as it runs.
        """
        text = environment.get(variable)
        if text is None:
            raise TriviumError(ErrorKind.UNAVAILABLE, f"The environment variable {variable} is not set.")
        return cls(_parse_key(text.encode(), f"The key-encryption key in {variable}"), entropy)

    @classmethod
    def create_file(cls, path: Path, entropy: Entropy) -> "KeyEncryptionKey":
        """Make a new key and its file (hexadecimal text, mode 0600); raises CONFLICT when there is a file already."""
        secret = entropy.token(KEY_BYTES)
        write_secret_file(path, secret.hex().encode() + b"\n")
        return cls(secret, entropy)

    def seal(self, purpose: str, plaintext: bytes) -> bytes:
        """Encrypt with AES-256-GCM: a version byte, the nonce, the ciphertext with its tag.

        ``purpose`` says what and whose the plaintext is (``sealed-key:key-...``); it is authenticated, so that what
        was sealed for one row opens for no other. Nonces are random: good for 2^32 seals (NIST SP 800-38D 8.3).
        """
        nonce = self._entropy.token(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, plaintext, _VERSION + purpose.encode())

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what :meth:`seal` made for the same ``purpose``; raises UNAVAILABLE when it is anything else."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise TriviumError(ErrorKind.UNAVAILABLE, f"What is stored as {purpose} was not sealed by this program.")
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, ciphertext, _VERSION + purpose.encode())
        except InvalidTag:
            raise TriviumError(
                ErrorKind.UNAVAILABLE,
                f"What is stored as {purpose} does not open: changed, or sealed under another key-encryption key.",
            ) from None

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Return a key of ``length`` bytes for one purpose: HKDF-SHA256, the expand step (RFC 5869 section 3.3)."""
        info = b"trivium key-encryption key v1: " + purpose.encode()
        return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=info).derive(self._secret)

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that tell two key-encryption keys apart and nothing about either."""
        return hashlib.sha256(self.derive("fingerprint")).hexdigest()[:16]

    def __repr__(self) -> str:
        return "<KeyEncryptionKey>"

    def __reduce__(self) -> str:
        raise TypeError("a key-encryption key is not pickled")


def read_secret_file(path: Path) -> bytes:
    """Read a file that holds a secret (a key, a PIN), at most 4096 bytes of it.

    Raises UNAVAILABLE when it cannot be read, or when its group or others may read or write it: the mode is 0600.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _OTHERS:
                raise TriviumError(
                    ErrorKind.UNAVAILABLE,
                    f"{path} has mode {mode:04o}, but a secret must be its owner's alone: run chmod 0600 on it.",
                )
            return file.read(_MAX_SECRET_FILE)
    except OSError as error:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{path} cannot be read: {error.strerror}.") from error


def write_secret_file(path: Path, content: bytes) -> None:
    """Make a new file of mode 0600, on disk when this returns; raises CONFLICT when the path exists, UNAVAILABLE."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)  # or a crash could leave the database and take the key that opens it
        finally:
            os.close(directory)
    except FileExistsError:
        raise TriviumError(ErrorKind.CONFLICT, f"{path} exists: a secret is never overwritten.") from None
    except OSError as error:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{path} cannot be written: {error.strerror}.") from error


def _parse_key(content: bytes, name: str) -> bytes:
    """Take 32 bytes as they are, or as base64 or hexadecimal text; the lengths 32, 43-44 and 64 tell them apart."""
    if len(content) == KEY_BYTES:
        return content
    text = content.strip()
    try:
        if len(text) == 2 * KEY_BYTES:
            return bytes.fromhex(text.decode("ascii"))
        secret = base64.b64decode(text.translate(_URL_SAFE).rstrip(b"=") + b"=", validate=True)
    except ValueError:
        raise _not_a_key(name) from None
    if len(secret) != KEY_BYTES:
        raise _not_a_key(name)
    return secret


def _not_a_key(name: str) -> TriviumError:
    return TriviumError(ErrorKind.UNAVAILABLE, f"{name} is not 32 bytes, or their base64 or hexadecimal text.")
