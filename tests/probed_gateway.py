"""A running gateway, and the probing client of the conformance suites at it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.acme.probe.ca import Ca, Options, connected
from conformance.processes import free_port
from tests.running_gateway import UNLIMITED, RunningGateway, loopback_dns


@contextmanager
def probed_gateway(directory: Path, *settings: str, workers: int = 1) -> Iterator[tuple[RunningGateway, Ca]]:
    """Make an installation with these settings, serve it while the block runs, and connect to it."""
    gateway = RunningGateway(directory)
    tls_port = free_port()
    gateway.init(f"validation.tls_alpn_port={tls_port}", *UNLIMITED, *settings)
    with loopback_dns(gateway):
        gateway.start(workers=workers)
        try:
            binding = json.loads(gateway.trivium("eab", "create", "--json"))
            options = Options(
                directory=gateway.endpoints["acme_directory"],
                trust=Path(gateway.endpoints["tls_ca"]),
                http_port=gateway.http_port,
                tls_port=tls_port,
                dns_control=f"http://127.0.0.1:{gateway.dns_http_port}",
                eab_directory=gateway.endpoints["acme_eab_directory"],
                eab=((binding["kid"], binding["hmac"]),),
            )
            with connected(options) as ca:
                yield gateway, ca
        finally:
            gateway.stop()
