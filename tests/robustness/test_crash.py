"""F1: a worker killed at every stage boundary. Nothing is lost, no serial is used twice, every order ends."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from sqlalchemy import text

from ca_core.orders.pipeline import STAGES
from tests.robustness.acme_client import AcmeClient, Answer, csr, https
from tests.robustness.challenge_server import ChallengeServer, challenge_server
from tests.robustness.conftest import PASSPHRASE
from tests.robustness.invariants import Acknowledged, certificates, check, database
from tests.running_gateway import BIN, ROOT, RunningGateway

NAME = "crash.trivium.test"
TERMINAL_SECONDS = 30
CRASH_SECONDS = 30

Approve = Callable[[RunningGateway, str], None]
"""Approves, in an installation, the order with an id."""


@dataclass
class Story:
    """How far a client came before the crash: what it was told, and what it knows."""

    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    client: AcmeClient | None = None
    order_url: str = ""
    csr: str = ""
    certificate: bytes = b""
    revoking: bool = False


def _id(url: str) -> str:
    return url.rpartition("/")[2]


def _told(answer: Answer) -> Answer:
    assert answer.status < 300, answer.body
    return answer


async def _until_the_crash(gateway: RunningGateway, web: ChallengeServer, story: Story) -> None:
    """Live a certificate's whole life, from account to revocation, and write down what was acknowledged."""
    async with https(gateway.endpoints["tls_ca"]) as session:
        client = story.client = await AcmeClient.start(session, gateway.endpoints["acme_directory"])
        account = _told(await client.register())
        story.acknowledged.accounts.add(_id(account.headers["Location"]))
        placed = _told(await client.order(NAME))
        story.order_url = placed.headers["Location"]
        story.acknowledged.orders.add(_id(story.order_url))
        [authorization] = placed.json["authorizations"]
        _told(await client.post(await client.http_01(authorization, web), {}))
        await client.settled(authorization, frozenset({"pending"}))
        story.csr = csr(NAME)
        order = _told(await client.post(placed.json["finalize"], {"csr": story.csr})).json
        assert order["status"] == "valid"
        story.certificate = await client.download(order["certificate"])
        story.acknowledged.certificates.add(story.certificate)
        story.revoking = True
        _told(await client.revoke(story.certificate))
        story.acknowledged.revoked.add(story.certificate)


async def _crash(gateway: RunningGateway, web: ChallengeServer, story: Story, point: str) -> None:
    """Serve until the worker dies at ``point``, then kill whatever is left before it can go on."""
    crashes = _crashes(gateway)
    await asyncio.to_thread(gateway.start, environment={"TRIVIUM_CRASH_AT": point})
    life = asyncio.create_task(_until_the_crash(gateway, web, story))
    await asyncio.to_thread(_kill_after_crash, gateway, crashes)
    life.cancel()
    [result] = await asyncio.gather(life, return_exceptions=True)
    assert result is None or isinstance(result, asyncio.CancelledError) or _is_the_crash(result), result


async def _crash_in_recovery(gateway: RunningGateway, point: str) -> None:
    """Serve until the worker that continues the order dies at ``point`` too."""
    _let_leases_end(gateway)
    crashes = _crashes(gateway)
    await asyncio.to_thread(gateway.start, environment={"TRIVIUM_CRASH_AT": point})
    await asyncio.to_thread(_kill_after_crash, gateway, crashes)


def _kill_after_crash(gateway: RunningGateway, crashes: int) -> None:
    """Wait for one crash more than those, then kill everything before the dead worker's successor goes on."""
    deadline = time.monotonic() + CRASH_SECONDS
    while _crashes(gateway) == crashes:
        assert time.monotonic() < deadline, "the worker did not crash"
        time.sleep(0.02)
    gateway.kill()


def _crashes(gateway: RunningGateway) -> int:
    """Return how many workers the supervisor has seen killed."""
    return gateway.log.read_bytes().count(b"ended with -9") if gateway.log.exists() else 0


def _is_the_crash(error: BaseException | None) -> bool:
    """Whether a client sees this when its server dies."""
    return isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError)


async def _live_on(
    gateway: RunningGateway, web: ChallengeServer, story: Story, until: float, approve: Approve | None
) -> None:
    """Do as an ACME client does after its server was gone for a moment, and have the certificate in the end."""
    async with https(gateway.endpoints["tls_ca"]) as session:
        assert story.client is not None
        client = story.client = story.client.again(session)
        story.acknowledged.accounts.add(_id(_told(await client.register()).headers["Location"]))
        if not story.order_url:
            story.order_url = _told(await client.order(NAME)).headers["Location"]
        order = (await client.post(story.order_url)).json
        if order["status"] == "pending":
            [authorization] = order["authorizations"]
            _told(await client.post(await client.http_01(authorization, web), {}))
            await client.settled(authorization, frozenset({"pending"}))
        order = await client.settled(story.order_url, frozenset({"pending", "processing"}))
        if order["status"] == "ready":
            order = _told(await client.post(order["finalize"], {"csr": csr(NAME)})).json
        if approve is not None:
            assert _waiting_unsigned(gateway) == [_id(story.order_url)]
            await asyncio.to_thread(approve, gateway, _id(story.order_url))
            order = await client.settled(story.order_url, frozenset({"processing"}))
        assert time.monotonic() < until, "the order took too long to end"
        assert order["status"] == "valid", order
        certificate = await client.download(order["certificate"])
        assert story.certificate in {b"", certificate}
        story.acknowledged.certificates.add(certificate)
        revoked = await client.revoke(certificate)
        assert revoked.status == 200 or (story.revoking and revoked.problem == "alreadyRevoked"), revoked.body
        story.acknowledged.revoked.add(certificate)


POINTS = (
    *("registered", "placed", "nonce-used", "validation-begun", "validated", "validation-recorded"),
    *("before-KEY_VALIDATION", "before-GENERATE_TBS", "before-PRE_VALIDATION", "before-PRE_ISSUE", "before-ISSUE"),
    *("committed-ISSUE", "before-sign", "after-sign", "before-POST_VALIDATION", "committed-POST_VALIDATION"),
    *("before-FINALIZE_ISSUANCE", "after-ISSUED"),
    *("revoked", "crl-numbered", "crl-signed", "crl-published"),
)
BEFORE_APPROVAL = "before-PENDING_AUTH"
"""Only an order that needs an approval comes here."""
REAL_LEASES = {"validated", "after-sign", "crl-signed"}
"""Points whose leases run out by themselves, one of each length; for the others the test moves the time on."""


def _let_leases_end(gateway: RunningGateway) -> None:
    with database(gateway) as connection:
        over = (
            "UPDATE jobs SET lease_until = 0, claimable_at = 0 WHERE state = 'PROCESSING' AND claimable_at IS NOT NULL"
        )
        connection.execute(text(over))
        connection.commit()


def _waiting_unsigned(gateway: RunningGateway) -> list[str]:
    """Return the ids of the orders that wait for an approval and have an intent at most."""
    with database(gateway) as connection:
        signed = {row.order_id for row in certificates(connection) if row.der is not None}
        waiting = connection.execute(text("SELECT id FROM orders WHERE state = 'PENDING_AUTH'"))
        return [order_id for (order_id,) in waiting if order_id not in signed]


def approve(gateway: RunningGateway, order_id: str) -> None:
    """Approve the order, and have the approving process issue its certificate."""
    gateway.trivium("approve", order_id)


def approve_and_die(gateway: RunningGateway, order_id: str) -> None:
    """Approve the order in a process that dies between the approval and the certificate."""
    command = [str(BIN / "trivium"), "approve", order_id, "--dir", str(gateway.directory)]
    died = subprocess.run(command, env={**os.environ, "TRIVIUM_CRASH_AT": BEFORE_APPROVAL}, check=False)
    assert died.returncode == -signal.SIGKILL
    _let_leases_end(gateway)


async def survive(gateway: RunningGateway, point: str, *, again: str = "", approve: Approve | None = None) -> None:
    """Crash at ``point``, start again, crash at ``again`` if that is named, and have the whole story end well.

    An order that needs an approval gets it by ``approve``.
    """
    story = Story()
    async with challenge_server(gateway.http_port) as web:
        await _crash(gateway, web, story, point)
        if again:
            await _crash_in_recovery(gateway, again)
        if again or point not in REAL_LEASES:
            _let_leases_end(gateway)
        await asyncio.to_thread(gateway.start)
        await _live_on(gateway, web, story, time.monotonic() + TERMINAL_SECONDS, approve)
        await asyncio.to_thread(check, gateway, story.acknowledged, secrets=(PASSPHRASE.encode(),))
    with database(gateway) as connection:
        of_order = [row for row in certificates(connection) if row.order_id == _id(story.order_url)]
    assert [row.status for row in of_order if row.der] == ["revoked"]
    abandoned = [row for row in of_order if row.status == "abandoned"]
    # A signature may exist from the intent's commit on; before it and after the certificate's there is none to fear.
    may_be_signed = {"committed-ISSUE", "before-sign", "after-sign", "before-POST_VALIDATION"}
    assert len(abandoned) == (point in may_be_signed) + (again in may_be_signed)
    assert "Traceback" not in gateway.log.read_text()
    gateway.stop()


@pytest.mark.parametrize("point", POINTS)
async def test_order_survives_a_crash_at(gateway: RunningGateway, point: str) -> None:
    """Rules 2-6, F1: a crash that loses a certificate, repeats a serial or leaves an order stuck ends a CA's career."""
    await survive(gateway, point)


@pytest.mark.parametrize("point", ["nonce-used", "after-sign", "committed-POST_VALIDATION", "crl-numbered"])
async def test_order_survives_a_crash_on_postgresql_at(gateway_on_postgresql: RunningGateway, point: str) -> None:
    """Rules 2-6, F1: what holds on one database and not on the other is luck."""
    await survive(gateway_on_postgresql, point)


@pytest.mark.parametrize(
    ("point", "again"),
    [("committed-ISSUE", "before-sign"), ("after-sign", "after-sign"), ("committed-POST_VALIDATION", "after-ISSUED")],
)
async def test_order_survives_a_crash_in_its_recovery(gateway: RunningGateway, point: str, again: str) -> None:
    """Rule 6: what killed a worker once, kills it again; each time the order must be one that another can continue."""
    await survive(gateway, point, again=again)


@pytest.mark.parametrize("approve", [approve, approve_and_die])
async def test_order_survives_a_crash_before_its_approval(gateway: RunningGateway, approve: Approve) -> None:
    """Rules 6 and 57, F1: a crash issues what nobody has approved, or an approval that was given leads to nothing."""
    catalogue = gateway.directory / "catalogue.toml"
    catalogue.write_text(catalogue.read_text().replace("issuance = 0", "issuance = 1", 1))
    gateway.trivium("apply")
    await survive(gateway, BEFORE_APPROVAL, approve=approve)


def test_no_point_is_left_out() -> None:
    """A crash point that no test names is one at which nobody knows what happens."""
    code = "".join(path.read_text() for package in ("ca_core", "gateway") for path in (ROOT / package).rglob("*.py"))
    named = set(re.findall(r'crash_point\("([^"]+)"\)', code))
    committed = {point for point in POINTS if point.startswith("committed-")}  # where the pipeline commits on its way
    assert {*POINTS, BEFORE_APPROVAL} - committed == named | {f"before-{state}" for state in STAGES} | {"after-ISSUED"}
