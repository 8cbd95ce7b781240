"""The key-encryption key: what it seals, where it comes from, and that it shows nothing."""

import base64
import copy
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.keys.sealing import KEY_BYTES, KeyEncryptionKey, read_secret_file, write_secret_file
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from tests.keys.own_sources import SystemEntropy

SECRET = bytes(range(KEY_BYTES))


@settings(max_examples=50)
@given(purpose=st.text(max_size=50), plaintext=st.binary(max_size=500))
def test_what_is_sealed_opens(purpose: str, plaintext: bytes) -> None:
    """If this failed, a stored key would be lost."""
    kek = KeyEncryptionKey(SECRET, SystemEntropy())
    sealed = kek.seal(purpose, plaintext)
    assert kek.unseal(purpose, sealed) == plaintext
    assert KeyEncryptionKey(SECRET, SystemEntropy()).unseal(purpose, sealed) == plaintext
    assert len(sealed) == 1 + 12 + len(plaintext) + 16


def test_every_seal_is_different(kek: KeyEncryptionKey) -> None:
    """If this failed, a nonce would be used twice, which breaks AES-GCM (NIST SP 800-38D section 8)."""
    assert len({kek.seal("purpose", b"same") for _ in range(1000)}) == 1000


@pytest.mark.parametrize("position", range(1 + 12 + 5 + 16))
def test_one_changed_byte_is_noticed(kek: KeyEncryptionKey, position: int) -> None:
    """If this failed, whoever writes to the database could change a key unnoticed."""
    sealed = bytearray(kek.seal("purpose", b"plain"))
    sealed[position] ^= 1
    with pytest.raises(TriviumError) as raised:
        kek.unseal("purpose", bytes(sealed))
    assert raised.value.kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize("length", range(29))
def test_a_truncated_seal_is_noticed(kek: KeyEncryptionKey, length: int) -> None:
    """If this failed, a damaged row would end in an internal error."""
    with pytest.raises(TriviumError, match="not sealed by this program") as raised:
        kek.unseal("purpose", kek.seal("purpose", b"plain")[:length])
    assert raised.value.kind is ErrorKind.UNAVAILABLE


def test_a_seal_opens_for_its_purpose_only(kek: KeyEncryptionKey) -> None:
    """If this failed, a sealed key could be moved to another row and be used as another issuer's."""
    with pytest.raises(TriviumError, match="sealed-key:key-b does not open"):
        kek.unseal("sealed-key:key-b", kek.seal("sealed-key:key-a", b"plain"))


def test_another_key_encryption_key_opens_nothing(kek: KeyEncryptionKey) -> None:
    """If this failed, the seal would protect nothing (rule 31)."""
    other = KeyEncryptionKey(SECRET, SystemEntropy())
    with pytest.raises(TriviumError, match="another key-encryption key"):
        other.unseal("purpose", kek.seal("purpose", b"plain"))
    assert other.fingerprint() != kek.fingerprint()


def test_each_purpose_has_its_own_key() -> None:
    """If this failed, the key that makes ACME nonces would be the key that seals."""
    kek = KeyEncryptionKey(SECRET, SystemEntropy())
    keys = [kek.derive("acme-nonce"), kek.derive("seal"), kek.derive("fingerprint"), SECRET]
    assert len(set(keys)) == 4
    assert kek.derive("acme-nonce") == KeyEncryptionKey(SECRET, SystemEntropy()).derive("acme-nonce")
    assert len(kek.derive("acme-nonce", 64)) == 64


def test_the_derivation_stays_as_it_is() -> None:
    """If this failed, a new version could not open what an older one sealed."""
    kek = KeyEncryptionKey(SECRET, SystemEntropy())
    assert kek.derive("acme-nonce").hex() == "7f3c1860f640afaa605977aa97e611a9dbd5ca4d12124c69243dfb22f8030579"
    assert kek.fingerprint() == "594ea5dec35fee17"
    assert (
        kek.unseal("purpose", bytes.fromhex("010707070707070707070707072fa4bc5a5b21555dd78259c134e65aab30334dccef"))
        == b"plain"
    )


@pytest.mark.parametrize(
    "content",
    [
        SECRET,
        SECRET.hex().encode(),
        SECRET.hex().upper().encode() + b"\n",
        base64.b64encode(SECRET),
        base64.urlsafe_b64encode(SECRET).rstrip(b"=") + b"\r\n",
    ],
)
def test_a_file_holds_the_key_in_bytes_or_text(tmp_path: Path, content: bytes) -> None:
    """If this failed, an operator's key file made by another tool would not be taken."""
    write_secret_file(tmp_path / "kek", content)
    kek = KeyEncryptionKey.from_file(tmp_path / "kek", SystemEntropy())
    assert kek.derive("x") == KeyEncryptionKey(SECRET, SystemEntropy()).derive("x")


@pytest.mark.parametrize("content", [b"", b"short", SECRET + b"1", b"\xff" * 64, b"g" * 64, b"!" * 43, b"A" * 4096])
def test_anything_else_in_the_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """If this failed, an installation would seal under a key of another strength than it says."""
    write_secret_file(tmp_path / "kek", content)
    with pytest.raises(TriviumError, match="is not 32 bytes") as raised:
        KeyEncryptionKey.from_file(tmp_path / "kek", SystemEntropy())
    assert raised.value.kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o777])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    """If this failed, a key readable by every user of the machine would be used without a word (rule 31)."""
    path = tmp_path / "kek"
    write_secret_file(path, SECRET)
    path.chmod(mode)
    with pytest.raises(TriviumError, match=f"has mode {mode:04o}") as raised:
        KeyEncryptionKey.from_file(path, SystemEntropy())
    assert raised.value.kind is ErrorKind.UNAVAILABLE


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """If this failed, a wrong path in the settings would be an internal error."""
    with pytest.raises(TriviumError, match="cannot be read: No such file"):
        read_secret_file(tmp_path / "nothing")
    with pytest.raises(TriviumError, match="cannot be written: No such file"):
        write_secret_file(tmp_path / "no" / "directory", b"")


def test_a_new_file_is_its_owners_alone(tmp_path: Path, sources: Sources) -> None:
    """If this failed, the key would be readable for a moment or for ever, whatever the umask (rule 31)."""
    umask = os.umask(0)
    try:
        made = KeyEncryptionKey.create_file(tmp_path / "kek", sources.entropy)
    finally:
        os.umask(umask)
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600
    assert KeyEncryptionKey.from_file(tmp_path / "kek", sources.entropy).fingerprint() == made.fingerprint()


def test_a_key_file_is_never_overwritten(tmp_path: Path, sources: Sources) -> None:
    """If this failed, a second `init` would make every stored key unreadable."""
    KeyEncryptionKey.create_file(tmp_path / "kek", sources.entropy)
    with pytest.raises(TriviumError, match="never overwritten") as raised:
        KeyEncryptionKey.create_file(tmp_path / "kek", sources.entropy)
    assert raised.value.kind is ErrorKind.CONFLICT


def test_the_environment_can_hold_the_key() -> None:
    """If this failed, a container without a secret file could not run."""
    environment = {"KEK": base64.b64encode(SECRET).decode(), "BAD": "secret-but-short"}
    kek = KeyEncryptionKey.from_environment(environment, "KEK", SystemEntropy())
    assert kek.fingerprint() == KeyEncryptionKey(SECRET, SystemEntropy()).fingerprint()
    with pytest.raises(TriviumError, match="variable NONE is not set"):
        KeyEncryptionKey.from_environment(environment, "NONE", SystemEntropy())
    with pytest.raises(TriviumError, match="in BAD is not 32 bytes") as raised:
        KeyEncryptionKey.from_environment(environment, "BAD", SystemEntropy())
    assert "secret-but-short" not in str(raised.value)


def test_the_key_is_not_shown_and_not_copied_out(kek: KeyEncryptionKey) -> None:
    """If this failed, a log line or a pickled object would hold the key (rule 31)."""
    assert f"{kek} {kek!r}" == "<KeyEncryptionKey> <KeyEncryptionKey>"
    with pytest.raises(TypeError):
        pickle.dumps(kek)
    with pytest.raises(TypeError):
        copy.deepcopy(kek)
