"""Keys that are slow to make, made once, and sources that the tests own."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ca_core.model.sources import Sources
from store.database import open_store
from store.migrate import upgrade
from tests.acme.acme_client import AcmeClient
from tests.acme.acme_server import AcmeServer, acme_server
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


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated database without rows, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("acme") / "empty.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
async def server(empty_database: Path, tmp_path: Path) -> AsyncIterator[AcmeServer]:
    """Return an ACME server on a new certification authority."""
    shutil.copy(empty_database, tmp_path / "trivium.db")
    store = open_store(f"sqlite:///{tmp_path}/trivium.db")
    async with acme_server(store) as running:
        yield running
    store.close()


@pytest.fixture
async def client(server: AcmeServer) -> AcmeClient:
    """Return a client with an account."""
    return await server.account()
