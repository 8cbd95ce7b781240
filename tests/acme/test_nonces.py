"""Nonces that need no write to be made and are good at every worker (rules 38-40, acme.md fact 5)."""

import base64
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.model.store import Store, Transaction
from gateway.acme.nonces import LIFETIME, Nonces, SpendingStore
from store.database import open_store
from tests.acme.own_sources import CountingEntropy, TestClock

KEY = bytes(range(32))


def kind_of_refusal(nonces: Nonces, value: str | None) -> ErrorKind:
    """Return the kind with which a nonce is refused."""
    with pytest.raises(TriviumError) as caught:
        nonces.open(value)
    return caught.value.kind


def test_a_nonce_is_good_at_another_worker_after_a_restart(sources: Sources) -> None:
    """Clients that do not retry on badNonce would fail behind a load balancer (acme.md fact 5)."""
    value = Nonces(KEY, sources).issue()
    assert Nonces(KEY, sources).open(value).value == value


def test_a_nonce_is_never_too_old_within_an_hour(sources: Sources, clock: TestClock) -> None:
    """A valid nonce must not be refused by age under an hour (acme.md fact 5); after two hours it must (rule 38)."""
    nonces = Nonces(KEY, sources)
    value = nonces.issue()
    clock.advance(minutes=61)
    opened = nonces.open(value)
    clock.time = opened.expires_at
    assert kind_of_refusal(nonces, value) is ErrorKind.REPLAYED
    assert opened.expires_at - LIFETIME < clock.time


def test_nonces_differ(sources: Sources) -> None:
    """Two clients would get one nonce, and one of them badNonce (rule 38)."""
    nonces = Nonces(KEY, sources)
    assert len({nonces.issue() for _ in range(1000)}) == 1000


def test_a_nonce_of_another_installation_is_refused_as_bad_nonce(sources: Sources) -> None:
    """A stranger could make nonces; and the client must get badNonce, which it retries (rule 39)."""
    stranger = Nonces(bytes(32), sources).issue()
    assert kind_of_refusal(Nonces(KEY, sources), stranger) is ErrorKind.REPLAYED


def test_the_words_acme_sh_knows_badnonce_by(sources: Sources) -> None:
    """acme.sh finds badNonce by these words (acme.md fact 19)."""
    with pytest.raises(TriviumError, match="JWS has an invalid anti-replay nonce"):
        Nonces(KEY, sources).open("AAAA")


def test_a_missing_nonce_is_a_bad_one(sources: Sources) -> None:
    """RFC 8555 section 6.5: a nonce that is "unacceptable (or not present)" is badNonce, which clients try again."""
    assert kind_of_refusal(Nonces(KEY, sources), None) is ErrorKind.REPLAYED


@given(st.integers(0, 31), st.integers(1, 255))
def test_no_bit_of_a_nonce_can_be_changed(position: int, change: int) -> None:
    """One nonce used would give many more (rule 38)."""
    nonces = Nonces(KEY, Sources(clock=TestClock(), entropy=CountingEntropy()))
    sealed = bytearray(base64.urlsafe_b64decode(nonces.issue() + "="))
    sealed[position] ^= change
    forged = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    assert kind_of_refusal(nonces, forged) is ErrorKind.REPLAYED


@given(st.text(max_size=50) | st.text("AB_-", max_size=60))
def test_strange_nonces_are_refused_never_crash(value: str) -> None:
    """Any other exception is a 500 (rule 39)."""
    nonces = Nonces(KEY, Sources(clock=TestClock(), entropy=CountingEntropy()))
    assert kind_of_refusal(nonces, value) in {ErrorKind.REPLAYED, ErrorKind.MALFORMED}


def test_a_key_of_another_length_is_refused(sources: Sources) -> None:
    """A short key would make nonces guessable (rule 39)."""
    with pytest.raises(ValueError, match="32 bytes"):
        Nonces(b"short", sources)


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    shutil.copy(empty_database, tmp_path / "trivium.db")
    opened = open_store(f"sqlite:///{tmp_path}/trivium.db")
    yield opened
    opened.close()


def block_a_key(tx: Transaction) -> None:
    """Write something that can be seen afterwards."""
    tx.blocked_keys.add(b"k" * 32, "test", TestClock().now())


def block_a_key_and_fail(tx: Transaction) -> None:
    """Write something, then change one's mind."""
    block_a_key(tx)
    raise TriviumError(ErrorKind.CONFLICT, "Not now.")


async def key_is_blocked(store: Store) -> bool:
    """Say whether what :func:`block_a_key` wrote is there."""
    return await store.read(lambda tx: tx.blocked_keys.reason(b"k" * 32)) is not None


async def test_a_nonce_and_what_it_pays_for_are_one_transaction(store: Store, sources: Sources) -> None:
    """A request could take effect twice, or lose its nonce to nothing (rule 38)."""
    nonces = Nonces(KEY, sources)
    nonce = nonces.open(nonces.issue())
    request = SpendingStore(store, nonce)
    with pytest.raises(TriviumError, match="Not now"):
        await request.write(block_a_key_and_fail)
    assert not await key_is_blocked(store)
    await request.write(block_a_key)
    await request.write(lambda tx: tx.blocked_keys.add(b"l" * 32, "test", sources.now()))
    await request.spend()
    assert await key_is_blocked(store)


async def test_a_write_with_a_used_nonce_writes_nothing(store: Store, sources: Sources) -> None:
    """A replay would be refused and carried out all the same (rule 38)."""
    nonces = Nonces(KEY, sources)
    nonce = nonces.open(nonces.issue())
    await SpendingStore(store, nonce).spend()
    replay = SpendingStore(store, nonce)
    for write in (replay.write(block_a_key), replay.spend()):
        with pytest.raises(TriviumError) as caught:
            await write
        assert caught.value.kind is ErrorKind.REPLAYED
    assert not await key_is_blocked(store)


async def test_used_nonces_are_kept_until_their_age_refuses_them(store: Store, sources: Sources) -> None:
    """Forgotten too early a nonce would be good again; never forgotten, the table would only grow (rule 38)."""
    nonces = Nonces(KEY, sources)
    nonce = nonces.open(nonces.issue())
    await SpendingStore(store, nonce).spend()
    almost = nonce.expires_at - timedelta(seconds=1)
    assert await store.write(lambda tx: tx.once.purge(almost, 10)) == 0
    assert await store.write(lambda tx: tx.once.purge(nonce.expires_at, 10)) == 1
