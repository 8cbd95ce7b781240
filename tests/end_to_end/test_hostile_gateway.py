"""certbot gets its certificates from a gateway that is hard on it with every switch, and its log says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.certbot import Certbot, Release
from tests.end_to_end.orders import newest_order
from tests.running_gateway import RunningGateway, loopback_dns


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that refuses every second nonce, reuses every authorization and takes its time."""
    gateway = RunningGateway(tmp_path_factory.mktemp("hostile") / "ca")
    gateway.init("hostile.reject_nonces=100", "hostile.reuse_authorizations=100", "hostile.delay_validations=1")
    with loopback_dns(gateway):
        gateway.start()
        yield gateway
        gateway.stop()


def test_certbot_gets_by_with_every_switch_on(gateway: RunningGateway, release: Release, tmp_path: Path) -> None:
    """Switches that no good client passes would tell client developers nothing (RFC 8555 sections 6.5, 7.1.6)."""
    certbot = Certbot(release=release, gateway=gateway, directory=tmp_path / "certbot")
    certbot.obtain("www.trivium.test")
    first = newest_order(gateway, "www.trivium.test")
    certbot.obtain("www.trivium.test", options=("--force-renewal",))
    second = newest_order(gateway, "www.trivium.test")
    assert second["order"]["id"] != first["order"]["id"]
    assert second["order"]["authorization_ids"] == first["order"]["authorization_ids"]
    assert "this gateway is set to refuse good ones" in (certbot.directory / "logs" / "letsencrypt.log").read_text()
    assert "HOSTILE to clients on purpose" in gateway.log.read_text()
