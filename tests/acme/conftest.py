"""Keys that are slow to make, made once, and sources that the tests own."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ca_core.model.sources import Sources
from tests.acme.own_sources import CountingEntropy, TestClock
from tests.acme.signing import PrivateKey


@pytest.fixture
def clock() -> TestClock:
    """Return the clock of the test."""
    return TestClock()


@pytest.fixture
def sources(clock: TestClock) -> Sources:
    """Return the clock and the randomness of the test."""
    return Sources(clock=clock, entropy=CountingEntropy())


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    """Return an RSA key of 2048 bits."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def account_keys(rsa_key: rsa.RSAPrivateKey) -> dict[str, PrivateKey]:
    """Return a key for each algorithm an account may have."""
    return {
        "RS256": rsa_key,
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "ES512": ec.generate_private_key(ec.SECP521R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
