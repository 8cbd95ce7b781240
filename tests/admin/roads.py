"""Orders over each road at a running gateway, made by the clients that people use: certbot, openssl, a script."""

from pathlib import Path

from conformance.demo.acme import AcmeRoad
from conformance.demo.cmc import CmcRoad
from conformance.demo.gateway import Gateway
from conformance.demo.rest import RestRoad
from tests.running_gateway import RunningGateway


class _AtRunning(Gateway):
    """A running gateway of the tests as the demo's roads know theirs."""

    def __init__(self, running: RunningGateway, folder: Path) -> None:
        super().__init__(folder)
        self._running = running
        self.ca = running.directory
        self.dns_port, self.dns_http_port, self.http_port = running.dns_port, running.dns_http_port, running.http_port
        self.endpoints = running.endpoints

    def trivium(self, *arguments: str) -> str:
        """Run a command on the installation."""
        return self._running.trivium(*arguments)


def travel(running: RunningGateway, folder: Path) -> None:
    """Order a certificate over ACME, CMC and REST."""
    gateway = _AtRunning(running, folder)
    AcmeRoad(gateway).obtain()
    cmc = CmcRoad(gateway)
    cmc.register()
    cmc.order()
    rest = RestRoad(gateway)
    rest.sign_in()
    rest.validate_domain()
    rest.order()
