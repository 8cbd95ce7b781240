"""A real installation for the tests of orders: made as ``trivium init`` does, opened with a clock the test owns."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ca_core.certificates.lint import Linters
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.products import ProfileKind, Road
from ca_core.model.sources import Sources
from gateway.initialise import Wish, initialise
from gateway.installation import Installation
from gateway.sources import SystemEntropy, system_sources
from gateway.wiring import opened_core
from tests.orders.workshop import CONSOLE, OwnClock, Workshop


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one installation, which each test copies."""
    directory = tmp_path_factory.mktemp("template") / "ca"
    wish = Wish(name="Test", algorithm=KeyAlgorithm.P256, key_in_token=False, root_passphrase="correct horse")
    initialise(directory, wish, system_sources(), CONSOLE, {})
    return directory


@pytest.fixture(scope="session")
def linters() -> Linters:
    """Build the validators once: 140 ms a set."""
    return Linters.build()


@pytest.fixture
def installation(template: Path, tmp_path: Path) -> Installation:
    """Copy the installation for one test."""
    directory = tmp_path / "ca"
    shutil.copytree(template, directory)
    return Installation.open(directory)


@pytest.fixture
async def workshop(installation: Installation, linters: Linters) -> AsyncIterator[Workshop]:
    """Open the installation under the test's clock."""
    clock = OwnClock()
    async with opened_core(installation, worker="test", linters=linters, environment={}) as opened:
        core = replace(opened.core, sources=Sources(clock=clock, entropy=SystemEntropy()))
        products = await core.store.read(lambda tx: tx.products.all(None))
        own = next(
            product
            for product in products
            if Road.SYSTEM in product.roads and product.policy.profile.kind is ProfileKind.TLS_SERVER
        )
        yield Workshop(core, clock, own)
