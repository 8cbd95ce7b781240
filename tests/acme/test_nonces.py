"""Nonces that need no write to be made and are good at every worker (rules 38-40, acme.md fact 5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from gateway.acme.nonces import LIFETIME, Nonces
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


def test_a_missing_nonce_is_malformed(sources: Sources) -> None:
    """RFC 8555 section 6.5.2: the nonce is not optional."""
    assert kind_of_refusal(Nonces(KEY, sources), None) is ErrorKind.MALFORMED


@given(st.integers(0, 31), st.integers(1, 255))
def test_no_bit_of_a_nonce_can_be_changed(position: int, change: int) -> None:
    """One nonce used would give many more (rule 38)."""
    import base64  # noqa: PLC0415 - the only test that takes a nonce apart

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
