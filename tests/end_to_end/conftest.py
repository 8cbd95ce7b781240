"""What the end-to-end tests share: one gateway a process, both releases of certbot, and whoever checks certificates."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.certbot import RELEASES, Certbot, Release
from tests.end_to_end.relying_party import RelyingParty
from tests.running_gateway import RunningGateway, loopback_dns


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Give a gateway as `trivium init` makes it, running, and its DNS."""
    gateway = RunningGateway(tmp_path_factory.mktemp("gateway") / "ca")
    gateway.init("acme.wildcards=true")
    with loopback_dns(gateway):
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.stop()


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    """Give each release of certbot in turn."""
    return RELEASES[request.param]


@pytest.fixture
def certbot(release: Release, gateway: RunningGateway, tmp_path: Path) -> Certbot:
    """Give a certbot that has never run."""
    return Certbot(release=release, gateway=gateway, directory=tmp_path / "certbot")


@pytest.fixture
def relying_party(gateway: RunningGateway, tmp_path: Path) -> RelyingParty:
    """Give a relying party of the gateway's root."""
    return RelyingParty(Path(gateway.endpoints["root"]), tmp_path)


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def new_name(_numbers: Iterator[int]) -> Callable[[], str]:
    """Give a function that returns a host name no other test has used, so that its orders are found by it."""
    return lambda: f"host-{next(_numbers)}.trivium.test"
