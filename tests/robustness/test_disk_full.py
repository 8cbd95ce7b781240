"""F5: no room for another byte. The gateway refuses before it signs, and works again without a restart."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from tests.acme.signing import b64
from tests.robustness.acme_client import AcmeClient, Answer, csr, csr_der, https
from tests.robustness.challenge_server import ChallengeServer, challenge_server
from tests.robustness.invariants import PROCESSING_SECONDS, Acknowledged, audit_records, check, database
from tests.running_gateway import RunningGateway

NAME = "full.trivium.test"
RECOVERY_SECONDS = 10
NO_ROOM = 4096
"""A file size, in bytes, that every file of the database has: none of its writes succeeds under this limit."""


def limit_files(gateway: RunningGateway, size: int) -> None:
    """Let no worker write beyond ``size`` in any file from now on: its writes fail as those to a full disk do."""
    for pid in gateway.workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@asynccontextmanager
async def served(gateway: RunningGateway) -> AsyncIterator[tuple[AcmeClient, ChallengeServer]]:
    """Serve the gateway with two workers, to a client that has an account."""
    await asyncio.to_thread(gateway.start, workers=2)
    async with (
        https(gateway.endpoints["tls_ca"], connections=32) as session,
        challenge_server(gateway.http_port) as web,
    ):
        client = await AcmeClient.start(session, gateway.endpoints["acme_directory"])
        assert (await client.register()).status == 201
        yield client, web


def signatures(gateway: RunningGateway) -> int:
    """Return how many signatures the audit log knows."""
    with database(gateway) as connection:
        return sum(record["action"] == "certificate.issue" for record in audit_records(connection))


def require_try_later(answer: Answer) -> None:
    """Assert that an ACME client is told to come back, with a nonce to do so."""
    assert (answer.status, answer.problem) == (503, "serverInternal"), answer
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Replay-Nonce"]


async def test_full_disk_fails_closed_and_heals(gateway: RunningGateway) -> None:
    """F5: what cannot be recorded must not be signed; reads need no room; and no restart is needed afterwards."""
    async with served(gateway) as (client, web):
        _, order = await client.ready_order(web, NAME)
        certificate = await client.issue(web, NAME)
        before, workers = signatures(gateway), gateway.workers
        limit_files(gateway, NO_ROOM)
        for _ in range(4):
            require_try_later(await client.post(order["finalize"], {"csr": csr(NAME)}))
        require_try_later(await client.order(NAME))
        require_try_later(await client.revoke(certificate))
        for url in (client.directory["newNonce"], gateway.endpoints["crl"], gateway.endpoints["ocsp"] + "/AAAA"):
            async with client.session.get(url) as response:
                assert response.status < 500
        assert signatures(gateway) == before
        limit_files(gateway, resource.RLIM_INFINITY)
        begun = time.monotonic()
        finalized = await client.post(order["finalize"], {"csr": csr(NAME)})
        assert finalized.status == 200, finalized.body
        assert (await client.revoke(certificate)).status == 200
        assert time.monotonic() - begun < RECOVERY_SECONDS
        assert gateway.workers == workers
        with database(gateway) as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        delivered = await client.download(finalized.json["certificate"])
        await asyncio.to_thread(check, gateway, Acknowledged(certificates={delivered}, revoked={certificate}))


async def test_disk_that_fills_at_any_moment_loses_nothing(gateway: RunningGateway) -> None:
    """F5, rules 3 and 6: a write may fail between intent and certificate too; whatever was begun comes to an end."""
    acknowledged = Acknowledged()
    async with served(gateway) as (client, web):
        ready = await asyncio.gather(*(client.ready_order(web, NAME) for _ in range(24)))
        stop, refused = asyncio.Event(), asyncio.Event()

        async def fill_and_empty() -> None:
            limit_files(gateway, NO_ROOM)
            await refused.wait()  # on a busy machine no request may reach the gateway in the first few milliseconds
            while not stop.is_set():
                limit_files(gateway, NO_ROOM)
                await asyncio.sleep(0.011)
                limit_files(gateway, resource.RLIM_INFINITY)
                await asyncio.sleep(0.017)

        async def finalize_until_taken(finalize: str) -> None:
            request = {"csr": b64(csr_der(NAME))}
            for _ in range(400):
                answer = await client.post(finalize, request)
                if answer.status != 503:
                    assert answer.status == 200 or answer.problem == "orderNotReady", answer
                    return
                require_try_later(answer)
                refused.set()
            raise AssertionError("no finalize was ever taken")

        filling = asyncio.create_task(fill_and_empty())
        async with asyncio.timeout(PROCESSING_SECONDS):
            await asyncio.gather(*(finalize_until_taken(order["finalize"]) for _, order in ready))
            stop.set()
            await filling
        assert refused.is_set()
        async with asyncio.timeout(PROCESSING_SECONDS):
            for url, _ in ready:
                order = await client.settled(url, frozenset({"processing"}))
                assert order["status"] == "valid", order
                acknowledged.certificates.add(await client.download(order["certificate"]))
        await asyncio.to_thread(check, gateway, acknowledged)
    assert "Traceback" not in gateway.log.read_text()
