"""Orders that wait at a gateway that runs: over a kill and a restart, with several workers, on either database."""

import json
import ssl
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.postgresql import Cluster
from tests.rest.caller import csr_pem
from tests.rest.test_v2_http import Script
from tests.running_gateway import UNLIMITED, RunningGateway, loopback_dns

SECONDS = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def waiting_gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningGateway]:
    """Two workers and the DNS they ask, on each kind of database."""
    gateway = RunningGateway(tmp_path / "ca")
    settings = [*UNLIMITED]
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        settings.append(f"database.url={cluster.new_database()}")
    gateway.init(*settings)
    with loopback_dns(gateway):
        gateway.start(workers=2)
        yield gateway
        gateway.kill()


def set_txt(gateway: RunningGateway, host: str, value: str) -> None:
    """Add a TXT record."""
    body = json.dumps({"host": host, "value": value}).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{gateway.dns_http_port}/set-txt", body, timeout=SECONDS).close()


def script(gateway: RunningGateway) -> Script:
    """Return an integrator's script with a service account of its own."""
    made = json.loads(gateway.trivium("user", "create", "robot", "--service", "--json"))
    trust = ssl.create_default_context(cafile=gateway.endpoints["tls_ca"])
    return Script(gateway.endpoints["rest"], trust, made["user"], made["api_key"])


def test_an_order_that_waits_survives_a_kill_and_is_issued_once(waiting_gateway: RunningGateway) -> None:
    """Rules 5 and 6: of two workers and an operator each could issue it, or none, or a kill could lose it."""
    gateway = waiting_gateway
    caller = script(gateway)
    product = next(
        product
        for client in caller.json("/v2/clients")
        for product in client["products"]
        if product["productName"] == "tls"
    )
    wanted = {"productReference": product["uuid"], "csr": csr_pem("a.trivium.test", "b.trivium.test")}
    order = caller.json("/v2/issue", {**wanted, "synchrone": True})
    assert order["status"] == "NEW"
    gateway.kill()
    for name in json.loads(gateway.trivium("domain", "pending", "--order", order["uuid"], "--json")):
        set_txt(gateway, name["ways"][0]["places"][0], name["ways"][0]["value"])
    gateway.start(workers=2)
    assert caller.json(f"/v2/order/{order['uuid']}/status") == "NEW"
    gateway.trivium("domain", "validate-order", order["uuid"])
    deadline = time.monotonic() + SECONDS
    while (status := caller.json(f"/v2/order/{order['uuid']}/status")) != "ISSUED":
        assert time.monotonic() < deadline, status
        time.sleep(0.2)
    tasks = caller.json(f"/v2/order/{order['uuid']}/tasks")
    assert [task["type"] for task in tasks].count("ISSUE_ISSUE_CERTIFICATE_JOB") == 1
    assert {task["status"] for task in tasks} == {"SUCCESS"}


def test_a_domain_shown_over_rest_serves_the_next_order(waiting_gateway: RunningGateway) -> None:
    """The road of an integrator who registers a domain, and orders below it from then on without waiting."""
    caller = script(waiting_gateway)
    [client] = caller.json("/v2/clients")
    [domain] = caller.json(f"/v2/client/domain/{client['uuid']}/register", ["trivium.test"])
    assert (domain["status"], domain["validated"]) == ("PENDING", False)
    set_txt(waiting_gateway, domain["domain"], domain["randomValue"])
    shown = caller.json(f"/v2/client/domain/{domain['uuid']}/validate")
    assert (shown["status"], shown["validated"]) == ("VALID", True)
    product = next(product for product in client["products"] if product["productName"] == "tls")
    wanted = {"productReference": product["uuid"], "csr": csr_pem("www.trivium.test"), "synchrone": True}
    assert caller.json("/v2/issue", wanted)["status"] == "ISSUED"
