"""F2, F3, F12: many requests for what may happen once, at four worker processes at a time."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import text

from conformance.postgresql import Cluster
from tests.acme.signing import b64
from tests.robustness.acme_client import AcmeClient, Answer, csr, https
from tests.robustness.challenge_server import ChallengeServer, challenge_server
from tests.robustness.invariants import Acknowledged, certificates, check, database
from tests.running_gateway import UNLIMITED, RunningGateway, loopback_dns

WORKERS = 4
LANES = 100


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with four worker processes on one database of each kind."""
    gateway = RunningGateway(tmp_path_factory.mktemp("races") / "ca")
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        gateway.init(f"database.url={cluster.new_database()}", *UNLIMITED)
    else:
        gateway.init(*UNLIMITED)
    with loopback_dns(gateway):
        gateway.start(workers=WORKERS)
        yield gateway
        log = gateway.log.read_text()
        gateway.stop()
    assert "Traceback" not in log


BURSTS = 20
"""How often connections are opened anew until more than one worker has taken some."""


@dataclass
class Arena:
    """A gateway, a client with an account, the challenge server, and the connections all at once."""

    gateway: RunningGateway
    session: aiohttp.ClientSession
    client: AcmeClient
    web: ChallengeServer
    acknowledged: Acknowledged = field(default_factory=Acknowledged)

    async def nonces(self, count: int) -> list[str]:
        """Get fresh nonces over as many connections as there are, which stay open."""
        for _ in range(BURSTS):
            nonces = list(await asyncio.gather(*(self.client.nonce() for _ in range(count))))
            if self.workers_with_connections() >= 2:
                return nonces
            # On a busy machine one worker may be the only one awake, and take them all.
            await self._let_go()
        raise AssertionError("the race is one among processes")

    async def _let_go(self) -> None:
        """Close the connections that nobody uses, so that the next requests open others."""
        connector = self.session.connector
        assert connector is not None
        for protocols in connector._conns.values():
            for protocol, _ in protocols:
                protocol.close()
        connector._conns.clear()
        await asyncio.sleep(0.5)

    def workers_with_connections(self) -> int:
        """Return how many worker processes hold a good part of the open connections."""
        descriptors = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.gateway.workers]
        return sum(count > min(descriptors) / 2 + 10 for count in descriptors)

    async def all_at_once(self, url: str, bodies: list[bytes]) -> list[Answer]:
        """Send the bodies at once, each on a connection of its own."""
        answers = await asyncio.gather(*(self.client.raw(url, body) for body in bodies))
        assert max(answer.status for answer in answers) < 500, Counter(answer.status for answer in answers)
        return answers

    async def signed(self, url: str, payloads: list[dict[str, object]], **header: object) -> list[bytes]:
        """Sign each payload with a nonce of its own."""
        nonces = await self.nonces(len(payloads))
        return [
            self.client.sign(url, payload, nonce, **header) for payload, nonce in zip(payloads, nonces, strict=True)
        ]

    def count(self, query: str, **values: object) -> int:
        """Return the number that a query of the database gives."""
        with database(self.gateway) as connection:
            return int(connection.execute(text(query), values).scalar_one())


@pytest.fixture
async def arena(served: RunningGateway) -> AsyncIterator[Arena]:
    """A gateway with a registered client; every invariant is checked at the end."""
    async with (
        https(served.endpoints["tls_ca"], connections=2 * LANES) as session,
        challenge_server(served.http_port) as web,
    ):
        client = await AcmeClient.start(session, served.endpoints["acme_directory"])
        assert (await client.register()).status == 201
        arena = Arena(served, session, client, web)
        yield arena
    await asyncio.to_thread(check, served, arena.acknowledged)


def _id(url: str) -> str:
    return url.rpartition("/")[2]


def outcomes(answers: list[Answer]) -> Counter[str]:
    """Count answers by what they say: the error type, or the status."""
    return Counter(answer.problem or str(answer.status) for answer in answers)


async def test_order_is_finalized_once(arena: Arena) -> None:
    """Rule 5, F2: 200 finalizes of one order, each with a key of its own, that give two certificates: misissuance."""
    url, order = await arena.client.ready_order(arena.web, "finalize.trivium.test")
    bodies = await arena.signed(order["finalize"], [{"csr": csr("finalize.trivium.test")} for _ in range(2 * LANES)])
    answers = await arena.all_at_once(order["finalize"], bodies)
    assert outcomes(answers) == {"200": 1, "orderNotReady": 2 * LANES - 1}
    settled = await arena.client.settled(url, frozenset({"processing"}))
    arena.acknowledged.certificates.add(await arena.client.download(settled["certificate"]))
    with database(arena.gateway) as connection:
        assert len([row for row in certificates(connection) if row.order_id == _id(url)]) == 1


@pytest.mark.parametrize("kind", ["new-order", "post-as-get", "refused"])
async def test_nonce_is_used_once(arena: Arena, kind: str) -> None:
    """Rule 38, F3: of 100 replays at once one counts, and none after a restart, whatever the request was for."""
    url = arena.client.directory["newOrder"] if kind != "post-as-get" else arena.client.kid
    names = [{"type": "dns", "value": f"{kind}.trivium.test"}] if kind == "new-order" else []
    payload = b"" if kind == "post-as-get" else {"identifiers": names}
    first = {"new-order": "201", "post-as-get": "200", "refused": "malformed"}[kind]
    replay = arena.client.sign(url, payload, (await arena.nonces(2 * LANES))[0])
    answers = await arena.all_at_once(url, [replay] * LANES)
    assert outcomes(answers) == {first: 1, "badNonce": LANES - 1}
    if kind == "new-order":
        account = _id(arena.client.kid)
        assert arena.count("SELECT count(*) FROM orders WHERE account_id = :account", account=account) == 1
        await asyncio.to_thread(arena.gateway.stop)
        await asyncio.to_thread(arena.gateway.start, workers=WORKERS)
        async with https(arena.gateway.endpoints["tls_ca"]) as session:
            assert (await arena.client.again(session).raw(url, replay)).problem == "badNonce"


async def test_challenge_is_validated_once(arena: Arena) -> None:
    """Rule 51: whoever answers a challenge 50 times must not have the gateway knock 50 times at somebody's door."""
    placed = (await arena.client.order("challenge.trivium.test")).json
    [authorization] = placed["authorizations"]
    url = await arena.client.http_01(authorization, arena.web)
    arena.web.slow = 0.5
    answers = await arena.all_at_once(url, await arena.signed(url, [{}] * 50))
    assert outcomes(answers) == {"200": 50}
    assert (await arena.client.settled(authorization, frozenset({"pending"})))["status"] == "valid"
    assert list(arena.web.hits.values()) == [1]


async def test_certificate_is_revoked_once(arena: Arena) -> None:
    """Rule 79, F12: of 100 revocations one succeeds, and no other moves the date that relying parties rely on."""
    certificate = await arena.client.issue(arena.web, "revoke.trivium.test")
    url = arena.client.directory["revokeCert"]
    payload: dict[str, object] = {"certificate": b64(certificate)}
    answers = await arena.all_at_once(url, await arena.signed(url, [payload] * LANES))
    assert outcomes(answers) == {"200": 1, "alreadyRevoked": LANES - 1}
    arena.acknowledged.revoked.add(certificate)
    fingerprint = hashlib.sha256(certificate).hexdigest()
    query = "SELECT revoked_at FROM certificates WHERE fingerprint = :fingerprint"
    revoked_at = arena.count(query, fingerprint=fingerprint)
    assert (await arena.client.revoke(certificate)).problem == "alreadyRevoked"
    assert arena.count(query, fingerprint=fingerprint) == revoked_at


async def test_many_certificates_are_revoked_at_once(arena: Arena) -> None:
    """F12: what revokes after an incident revokes everything at once; each must succeed and be on the CRL."""
    names = [f"many-{number}.trivium.test" for number in range(30)]
    issued = await asyncio.gather(*(arena.client.issue(arena.web, name) for name in names))
    url = arena.client.directory["revokeCert"]
    payloads: list[dict[str, object]] = [{"certificate": b64(certificate)} for certificate in issued]
    answers = await arena.all_at_once(url, await arena.signed(url, payloads))
    assert outcomes(answers) == {"200": len(names)}
    arena.acknowledged.revoked |= set(issued)


async def test_key_has_one_account(arena: Arena) -> None:
    """RFC 8555 section 7.3.1: a client that registers twice at once must not own two accounts."""
    client = AcmeClient(arena.session, arena.client.directory)
    url = client.directory["newAccount"]
    bodies = [client.sign(url, {"termsOfServiceAgreed": True}, nonce) for nonce in await arena.nonces(LANES)]
    answers = await arena.all_at_once(url, bodies)
    assert outcomes(answers) == {"201": 1, "200": LANES - 1}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    query = "SELECT count(*) FROM accounts WHERE thumbprint = :thumbprint"
    assert arena.count(query, thumbprint=client.thumbprint) == 1
