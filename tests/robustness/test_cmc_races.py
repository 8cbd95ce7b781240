"""Rule 75: copies of one CMC message at once, at four worker processes: one order, and the others hear why."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7

from conformance.cmc.model import ControlType, Revocation, control, nonce
from conformance.cmc.requests import name_of
from conformance.postgresql import Cluster
from tests.robustness.acme_client import https
from tests.robustness.cmc_client import CmcClient, pki_data, register, request
from tests.robustness.cmc_lanes import issued_over_cmc, statuses
from tests.robustness.invariants import check
from tests.running_gateway import UNLIMITED, RunningGateway

WORKERS = 4
COPIES = 100


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningGateway, CmcClient]]:
    """A gateway with four worker processes on one database of each kind, and a client."""
    folder = tmp_path_factory.mktemp("cmc-races")
    gateway = RunningGateway(folder / "ca")
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        gateway.init(f"database.url={cluster.new_database()}", *UNLIMITED)
    else:
        gateway.init(*UNLIMITED)
    gateway.start(workers=WORKERS)
    yield gateway, register(gateway, folder, "racer")
    log = gateway.log.read_text()
    gateway.stop()
    assert "Traceback" not in log


async def at_once(gateway: RunningGateway, bodies: list[bytes]) -> list[bytes]:
    """Send the messages at once, each on a connection of its own that is open already; return the answers."""
    async with https(gateway.endpoints["tls_ca"], connections=len(bodies)) as session:

        async def send(body: bytes, method: str = "POST") -> bytes:
            async with session.request(method, gateway.endpoints["cmc"], data=body) as response:
                assert response.status == (200 if method == "POST" else 405)
                return await response.read()

        await asyncio.gather(*(send(b"", "GET") for _ in bodies))
        assert len(bodies) == 1 or among_workers(gateway), "the race is one among processes"
        return list(await asyncio.gather(*(send(body) for body in bodies)))


def among_workers(gateway: RunningGateway) -> bool:
    """Whether at least two worker processes hold a good part of the open connections."""
    descriptors = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in gateway.workers]
    return sum(count > min(descriptors) / 2 + 10 for count in descriptors) >= 2


def outcomes(answers: list[bytes]) -> Counter[str]:
    """Count answers by what they say; nothing stands for certificates alone."""
    return Counter(" ".join(statuses(answer)) for answer in answers)


@pytest.mark.parametrize("with_nonce", [True, False])
async def test_copies_order_once(served: tuple[RunningGateway, CmcClient], *, with_nonce: bool) -> None:
    """Rule 75: whoever sees a message pass by would have a certificate of it for every copy he sends in time."""
    gateway, client = served
    message = client.sign(pki_data(*([nonce()] if with_nonce else []), csrs=(request("copies.trivium.test"),)))
    before = issued_over_cmc(gateway)
    said = outcomes(await at_once(gateway, [message] * COPIES))
    assert said == {"0" if with_nonce else "": 1, "2:2": COPIES - 1}
    assert issued_over_cmc(gateway) == before + 1
    await asyncio.to_thread(gateway.stop)
    await asyncio.to_thread(gateway.start, workers=WORKERS)
    assert outcomes(await at_once(gateway, [message] * COPIES)) == {"2:2": COPIES}
    assert issued_over_cmc(gateway) == before + 1
    await asyncio.to_thread(check, gateway)


async def test_different_messages_revoke_once(served: tuple[RunningGateway, CmcClient]) -> None:
    """Rule 79: of many revocations of one certificate one counts, and no other moves its date."""
    gateway, client = served
    [answer] = await at_once(gateway, [client.sign(pki_data(csrs=(request("revoked.trivium.test"),)))])
    bag = pkcs7.load_der_pkcs7_certificates(answer)
    [leaf] = [one for one in bag if one.subject != client.certificate.issuer]
    revocation = Revocation(issuer=name_of(leaf), serial=leaf.serial_number, reason=4)
    messages = [
        client.sign(pki_data(nonce(), control(ControlType.REVOKE_REQUEST, revocation))) for _ in range(COPIES // 2)
    ]
    assert outcomes(await at_once(gateway, messages)) == {"0": 1, "2:2": len(messages) - 1}
    await asyncio.to_thread(check, gateway)
