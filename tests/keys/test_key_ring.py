"""The key ring over a real store and a real token; and the table of blocked keys."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_core.keys.pkcs11 import Pkcs11Token
from ca_core.keys.policy import refuse_blocked, spki_sha256
from ca_core.keys.ring import StoredKeyRing
from ca_core.keys.sealing import KeyEncryptionKey
from ca_core.keys.signer import KeyAlgorithm, KeyRing
from ca_core.keys.software import generate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.model.store import Store
from store.database import open_store
from store.migrate import upgrade
from tests.keys.own_sources import SystemEntropy
from tests.keys.softhsm import PIN
from tests.keys.verification import verifies


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Give an empty store."""
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    database = open_store(url)
    yield database
    database.close()


@pytest.fixture
def ring(store: Store, kek: KeyEncryptionKey, sources: Sources) -> KeyRing:
    """Give a key ring without a token."""
    return StoredKeyRing(store, kek, sources)


async def test_a_new_key_is_found_after_a_restart(
    store: Store, kek: KeyEncryptionKey, sources: Sources, ring: KeyRing
) -> None:
    """If this failed, the gateway would lose its issuers' keys when it restarts."""
    made = await ring.new_key(KeyAlgorithm.P256)
    signer = await StoredKeyRing(store, kek, sources).signer(f"software:{made.id}")
    assert verifies(signer.public_key, await signer.sign(b"message"), b"message")
    assert signer.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == made.spki
    assert (await ring.private_key(made.id)).public_key() == signer.public_key


async def test_a_key_is_opened_once(ring: KeyRing) -> None:
    """If this failed, every issuance would read and open the issuer's key anew (30 ms for RSA)."""
    made = await ring.new_key(KeyAlgorithm.P256)
    assert await ring.signer(f"software:{made.id}") is await ring.signer(f"software:{made.id}")


async def test_the_database_does_not_hold_the_key(ring: KeyRing, store: Store, sources: Sources) -> None:
    """If this failed, a copy of the database would be a copy of the CA (rule 31)."""
    made = await ring.new_key(KeyAlgorithm.P256)
    thief = StoredKeyRing(store, KeyEncryptionKey(bytes(32), SystemEntropy()), sources)
    with pytest.raises(TriviumError, match="sealed under another key-encryption key") as raised:
        await thief.signer(f"software:{made.id}")
    assert raised.value.kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("software:key-0", "The store has no key key-0"),
        ("pkcs11:issuing", "none is configured"),
        ("software:", "is neither"),
        ("pkcs11:", "is neither"),
        ("", "is neither"),
        ("vault:key-0", "is neither"),
    ],
)
async def test_an_unknown_reference_is_a_sentence(ring: KeyRing, reference: str, sentence: str) -> None:
    """If this failed, a wrong key reference would be an internal error."""
    with pytest.raises(TriviumError, match=sentence) as raised:
        await ring.signer(reference)
    assert raised.value.kind is ErrorKind.UNAVAILABLE


async def test_a_reference_finds_a_key_in_the_token(
    store: Store, kek: KeyEncryptionKey, sources: Sources, open_token: Callable[..., Pkcs11Token]
) -> None:
    """If this failed, an issuer with its key in a token could not issue."""
    token = open_token()
    ring = StoredKeyRing(store, kek, sources, token)
    with pytest.raises(TriviumError, match="has no key issuing"):
        await ring.signer("pkcs11:issuing")
    made = await token.generate_key("issuing", KeyAlgorithm.P384)
    signer = await ring.signer("pkcs11:issuing")
    assert signer is await ring.signer("pkcs11:issuing")
    assert verifies(made.public_key, await signer.sign(b"message"), b"message")
    assert f"{ring!r}" == "<StoredKeyRing>"
    assert PIN not in f"{vars(ring)!r}"
    ring.close()
    with pytest.raises(TriviumError, match="closed"):
        await signer.sign(b"message")


async def test_a_blocked_key_is_refused(store: Store, sources: Sources) -> None:
    """If this failed, a compromised key could be certified again (rules 25, 26)."""
    blocked, other = (generate(KeyAlgorithm.P256).public_key() for _ in range(2))
    await store.write(lambda tx: tx.blocked_keys.add(spki_sha256(blocked), "keyCompromise", sources.now()))
    await store.read(lambda tx: refuse_blocked(tx, spki_sha256(other)))
    with pytest.raises(TriviumError, match=r"blocked \(keyCompromise\); make a new key pair") as raised:
        await store.read(lambda tx: refuse_blocked(tx, spki_sha256(blocked)))
    assert raised.value.kind is ErrorKind.KEY_REUSED
