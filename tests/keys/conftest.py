"""What the key tests share: randomness, a clock that stands still, a key-encryption key, a SoftHSM token."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ca_core.keys.pkcs11 import Pkcs11Token
from ca_core.keys.sealing import KEY_BYTES, KeyEncryptionKey
from ca_core.model.sources import Sources
from tests.keys.own_sources import StandingClock, SystemEntropy
from tests.keys.softhsm import PIN, SOFTHSM, SoftHsm


@pytest.fixture
def sources() -> Sources:
    """Give a clock and randomness."""
    return Sources(clock=StandingClock(), entropy=SystemEntropy())


@pytest.fixture
def kek(sources: Sources) -> KeyEncryptionKey:
    """Give a new key-encryption key."""
    return KeyEncryptionKey(os.urandom(KEY_BYTES), sources.entropy)


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """Give a SoftHSM with a token ``trivium``, which modules loaded from now on see."""
    hsm = SoftHsm(tmp_path / "softhsm")
    hsm.make_token("trivium")
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.configuration))
    return hsm


@pytest.fixture
def open_token(softhsm: SoftHsm) -> Iterator[Callable[..., Pkcs11Token]]:
    """Give a function that opens a token, and close it after the test."""
    opened: list[Pkcs11Token] = []

    def opening(label: str = "trivium", pin: str = PIN, module: Path = SOFTHSM, timeout: float = 10) -> Pkcs11Token:
        opened.append(Pkcs11Token(module, label, pin, timeout=timeout))
        return opened[-1]

    yield opening
    for token in opened:
        token.close()


@pytest.fixture
def token(open_token: Callable[..., Pkcs11Token]) -> Pkcs11Token:
    """Give the token ``trivium``."""
    return open_token()
