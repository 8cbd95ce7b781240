"""F9, F10, abuse 70: requests too big, too slow or too many. Refused or cut off; everybody else is served meanwhile."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.listener_limits import REQUEST_SECONDS
from tests.robustness.acme_client import JOSE, AcmeClient, https
from tests.robustness.lanes import require_acme_problem
from tests.robustness.wire import Wire, request
from tests.running_gateway import UNLIMITED, RunningGateway

MAX_BODY = 50_000
GROWTH = 20 * 1024 * 1024
GOOD_CLIENT_SECONDS = 10.0
"""A third of what a slow peer is waited for."""
REFUSED = {400, 408, 413, 414, 431}
HEAD = "POST /acme/new-order HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + JOSE + "\r\n"


@pytest.fixture(scope="module", params=["uvicorn", "hypercorn"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with one worker, whose process must be the same at the end."""
    gateway = RunningGateway(tmp_path_factory.mktemp("limits") / "ca")
    gateway.init(*UNLIMITED)
    gateway.start(server=request.param)
    workers = gateway.workers
    yield gateway
    assert gateway.workers == workers
    assert "Traceback" not in gateway.log.read_text()
    gateway.stop()


@dataclass
class Peers:
    """A good client of the gateway, and as many bad ones as a test opens."""

    gateway: RunningGateway
    good: AcmeClient
    tls: ssl.SSLContext
    stack: AsyncExitStack
    sent: int = 0

    async def bad(self) -> Wire:
        """Open a connection to the ACME listener."""
        wire = await self.stack.enter_async_context(Wire(self.gateway.acme_port, self.tls))
        await wire.open()
        return wire

    async def refused(self, *parts: bytes) -> int:
        """Send the parts as far as the gateway takes them; return the status of its refusal, 0 when it hung up."""
        wire = await self.bad()
        writer = await wire.open()
        sent = 0
        answer = asyncio.create_task(wire.answer())
        try:
            # A peer that is neither answered nor cut off would wait here for ever.
            async with asyncio.timeout(3 * REQUEST_SECONDS):
                for part in parts:
                    if answer.done():
                        break
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)  # drain alone gives the answer no turn while the buffers have room
                    sent += len(part)
                got = await answer
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            got = None
            answer.cancel()
        assert got is None or got.status in REFUSED, got
        self.sent = sent
        return 0 if got is None else got.status

    async def good_client_is_served(self) -> None:
        """Assert that an ordinary request is answered soon."""
        begun = time.monotonic()
        assert (await self.good.post(self.good.kid)).status == 200
        assert time.monotonic() - begun < GOOD_CLIENT_SECONDS

    def memory(self) -> int:
        """Return the resident memory of the worker in bytes."""
        [pid] = self.gateway.workers
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

    def connections(self) -> int:
        """Return how many descriptors the worker has open."""
        [pid] = self.gateway.workers
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))

    def spent(self) -> int:
        """Return the CPU time of the worker so far, in ticks."""
        [pid] = self.gateway.workers
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().split()[13:15]))

    async def let_go(self, connections: int) -> None:
        """Wait, a bounded time, until the worker has no more connections than that and rests."""
        spent = -1
        for _ in range(100):
            before, spent = spent, self.spent()
            if self.connections() <= connections and spent - before < 2:
                return
            await asyncio.sleep(0.2)
        raise AssertionError("the gateway goes on working for a peer that has gone")


@pytest.fixture
async def peers(served: RunningGateway) -> AsyncIterator[Peers]:
    """Peers; the good client has an account, and is served in the end."""
    async with https(served.endpoints["tls_ca"]) as session, AsyncExitStack() as stack:
        good = await AcmeClient.start(session, served.endpoints["acme_directory"])
        await good.register()
        await good.post(good.kid)
        peers = Peers(served, good, ssl.create_default_context(cafile=served.endpoints["tls_ca"]), stack)
        yield peers
        await peers.good_client_is_served()


async def test_body_has_a_limit_to_the_byte(peers: Peers) -> None:
    """Rule 44: 50,000 bytes are looked at, one more is not; both answers are ACME's."""
    wire = await peers.bad()
    taken = await wire.send(request("POST", "/acme/new-order", b"{" * MAX_BODY, ("Content-Type", JOSE)))
    assert taken is not None
    assert (taken.status, taken.problem) == (400, "malformed")
    wire = await peers.bad()
    refused = await wire.send(request("POST", "/acme/new-order", b"{" * (MAX_BODY + 1), ("Content-Type", JOSE)))
    assert refused is not None
    assert refused.status == 413
    require_acme_problem(refused)


async def test_order_of_a_hundred_long_names_is_a_body(peers: Peers) -> None:
    """Rule 44: a request of 40,000 bytes that comes in one piece is no long head; it was taken for one on uvicorn."""
    names = [f"{'x' * 60}.{'y' * 60}.{'z' * 60}.h{number}.trivium.test" for number in range(100)]
    answer = await peers.good.order(*names)
    assert answer.status == 201, answer.body


async def test_endless_body_is_cut_off(peers: Peers) -> None:
    """Rule 44: a chunked body has no length to check beforehand; 100 MB of it is neither kept nor waited for."""
    before = peers.memory()
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    status = await peers.refused(HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 1600, b"0\r\n\r\n")
    assert status in {0, 413}
    assert peers.sent < 20 * 1024 * 1024
    assert peers.memory() - before < GROWTH


@pytest.mark.parametrize(
    "length", [b"100000000", b"99999999999999999999999999", b"-1", b"0x10", b"1e3", b"5, 6", b"+5", b"\xb2", b""]
)
async def test_content_length_is_not_believed(peers: Peers, length: bytes) -> None:
    """Rule 44: a length beyond the limit is refused before the body comes, and one that is no number at once."""
    # A body of that length never comes: who waits for it answers nothing in the time of a request.
    async with asyncio.timeout(REQUEST_SECONDS / 2):
        status = await peers.refused(HEAD.encode() + b"Content-Length: " + length + b"\r\n\r\n{}")
    assert status in {0, 400, 413}


async def test_two_lengths_are_refused(peers: Peers) -> None:
    """Section 2c: Content-Length beside Transfer-Encoding, or twice, is how requests are smuggled past a proxy."""
    both = HEAD.encode() + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    smuggled = b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for sent in (both + smuggled, HEAD.encode() + b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + smuggled):
        assert await peers.refused(sent) in {0, 400}


@pytest.mark.parametrize(
    "head",
    [
        b"GET /acme/" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\n" + b"X-Header: value\r\n" * 10_000 + b"\r\n",
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"G" * 1_000_000,
        HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"Trailer: value\r\n" * 10_000 + b"\r\n",
        HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * 1_000_000 + b"\r\na\r\n0\r\n\r\n",
    ],
    ids=["url", "headers", "header", "method", "trailers", "chunk-extension"],
)
async def test_giant_heads_are_refused(peers: Peers, head: bytes) -> None:
    """F10, abuse 70: whatever comes before a body is bounded, in one piece or in many."""
    before = peers.memory()
    pieces = [head[at : at + 4096] for at in range(0, len(head), 4096)]
    for parts in ([head], pieces):
        assert await peers.refused(*parts) in {0, *REFUSED}
    assert peers.memory() - before < GROWTH


async def test_slow_peers_block_nobody(peers: Peers) -> None:
    """F9: 200 peers that send half a head, half a body or nothing must not make another client wait."""
    halves = (b"", b"POST /acme/new-o", HEAD.encode() + b"Content-Length: 50000\r\n\r\n{")
    for number in range(200):
        wire = await peers.bad()
        (await wire.open()).write(halves[number % 3])
    handshakes = [await asyncio.open_connection("127.0.0.1", peers.gateway.acme_port) for _ in range(50)]
    for _ in range(20):
        await peers.good_client_is_served()
    for _, writer in handshakes:
        writer.transport.abort()


async def test_pipelined_requests_are_bounded(peers: Peers) -> None:
    """Abuse 70: a peer that asks thousands of times and never reads must fill neither memory nor log, and be let go."""
    before, connections = peers.memory(), peers.connections()
    wire = await peers.bad()
    (await wire.open()).write(request("GET", "/acme/directory") * 5_000)
    for _ in range(10):
        await peers.good_client_is_served()
    assert peers.memory() - before < GROWTH
    wire.close()
    await peers.let_go(connections)
    assert len(peers.gateway.log.read_text().splitlines()) < 20
