"""Lanes: clients that each shoot mutated requests at one gateway, and hold every answer to what answers must be."""

import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from tests.acme.signing import Json, b64, envelope, jwk_of, raw_signature
from tests.robustness.acme_client import JOSE, URN, AcmeClient, Answer, csr_der, https
from tests.robustness.challenge_server import ChallengeServer
from tests.robustness.wire import Wire, request
from tests.running_gateway import RunningGateway

NAME = "mutations.trivium.test"
RFC_8555_TYPES = frozenset(
    {
        *("accountDoesNotExist", "alreadyRevoked", "badCSR", "badNonce", "badPublicKey", "badRevocationReason"),
        *("badSignatureAlgorithm", "caa", "compound", "connection", "dns", "externalAccountRequired"),
        *("incorrectResponse", "invalidContact", "malformed", "orderNotReady", "rateLimited", "rejectedIdentifier"),
        *("serverInternal", "tls", "unauthorized", "unsupportedContact", "unsupportedIdentifier", "userActionRequired"),
    }
)


@dataclass
class Lane:
    """An account, a connection to each listener, dice of its own, and the nonce of the last answer."""

    gateway: RunningGateway
    client: AcmeClient
    web: ChallengeServer
    chance: Random
    acme: Wire
    status: Wire
    order_url: str = ""
    order: Json = field(default_factory=dict)
    authorization_url: str = ""
    challenge_url: str = ""
    certificate: bytes = b""
    nonce: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    worst_request: bytes = b""

    async def prepare(self) -> None:
        """Make what good requests are made of: an account, an order each that is pending, ready and valid."""
        await self.client.register()
        self.certificate = await self.client.issue(self.web, NAME)
        await self.new_order()
        placed = (await self.client.order(NAME)).json
        self.authorization_url = placed["authorizations"][0]
        self.challenge_url = await self.client.http_01(self.authorization_url, self.web)

    async def new_order(self) -> None:
        """Have another order that is ready."""
        self.order_url, self.order = await self.client.ready_order(self.web, NAME)

    async def shoot(self, wire: Wire, sent: bytes) -> Answer | None:
        """Send a request and check what every answer must be; None when the gateway closed the connection."""
        begun = time.monotonic()
        answer = await wire.send(sent)
        took = time.monotonic() - begun
        if took > self.worst:
            self.worst, self.worst_request = took, sent[:300]
        self.outcomes["closed" if answer is None else answer.problem or str(answer.status)] += 1
        # RFC 9112 section 6.1: 501 is HTTP's own answer to a transfer coding that nobody knows.
        unknown_coding = b"\r\nTransfer-Encoding:" in sent and answer is not None and answer.status == 501
        assert answer is None or answer.status < 500 or unknown_coding, (sent, answer)
        return answer

    async def post(self, url: str, body: bytes) -> Answer:
        """Send an ACME POST whose HTTP is in order: the answer must be in order too."""
        answer = await self.shoot(self.acme, request("POST", urlsplit(url).path, body, ("Content-Type", JOSE)))
        if answer is None:  # the connection was idle for too long, or it was the last of a worker: once may happen
            answer = await self.shoot(self.acme, request("POST", urlsplit(url).path, body, ("Content-Type", JOSE)))
        assert answer is not None, body
        self.nonce = answer.headers["replay-nonce"]
        if answer.status >= 400:
            require_acme_problem(answer)
        return answer

    def envelope(self, url: str, payload: bytes, header: Json | None = None) -> Json:
        """Sign a payload, whatever it is, and return the flattened JWS; ``header`` in place of a good one."""
        good = {"alg": "ES256", "nonce": self.nonce, "url": url} | self.signer(url)
        return envelope(self.client.key, good if header is None else header, payload)

    def envelope_of_bytes(self, header: bytes, payload: bytes) -> Json:
        """Sign a header that may be no JSON at all."""
        protected, body = b64(header), b64(payload)
        signature = raw_signature(self.client.key, f"{protected}.{body}".encode())
        return {"protected": protected, "payload": body, "signature": b64(signature)}

    def signer(self, url: str) -> Json:
        """Return how the resource wants to know who signs."""
        by_key = url == self.client.directory["newAccount"]
        return {"jwk": jwk_of(self.client.key)} if by_key else {"kid": self.client.kid}

    def resource(self) -> tuple[str, Any]:
        """Choose a resource and what a client might send to it."""
        directory, kid = self.client.directory, self.client.kid
        resources: list[tuple[str, Any]] = [
            (directory["newAccount"], {"contact": ["mailto:a@trivium.test"], "termsOfServiceAgreed": True}),
            (
                directory["newAccount"],
                {"onlyReturnExisting": True, "externalAccountBinding": self._inner("newAccount")},
            ),
            (directory["newOrder"], {"identifiers": [{"type": "dns", "value": "a.trivium.test"}]}),
            (directory["newOrder"], {"identifiers": [{"type": "ip", "value": "192.0.2.1"}], "notAfter": "2030-01-01"}),
            (directory["revokeCert"], {"certificate": b64(self.certificate), "reason": 2**70}),
            (directory["keyChange"], self._inner("keyChange")),
            (kid, {"contact": ["mailto:b@trivium.test", "mailto:c@trivium.test"]}),
            (f"{kid}/orders", ""),
            (self.order_url, ""),
            (self.order["finalize"], {"csr": b64(csr_der(NAME)[:-1])}),
            (self.authorization_url, {"status": "valid"}),
            (self.challenge_url, {"keyAuthorization": "a.b"}),
        ]
        return self.chance.choice(resources)

    def _inner(self, resource: str) -> Json:
        """Return an inner JWS by a new key, good but for the account it is about."""
        key = ec.generate_private_key(ec.SECP256R1())
        header = {"alg": "ES256", "jwk": jwk_of(key), "url": self.client.directory[resource]}
        payload = {"account": f"{self.client.kid}0", "oldKey": jwk_of(self.client.key)}
        return envelope(key, header, payload)


def to_json(value: Any) -> bytes:
    """Return JSON that may hold what JSON should not: lone surrogates, for one."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def require_acme_problem(answer: Answer) -> None:
    """Assert that a refusal is a problem document of RFC 8555 section 6.7, with a nonce to go on with."""
    assert answer.headers.get("content-type") == "application/problem+json", answer
    kind = answer.json["type"]
    assert kind.startswith(URN), answer
    assert kind.removeprefix(URN) in RFC_8555_TYPES, answer
    assert answer.json["detail"], answer
    assert answer.json["status"] == answer.status, answer
    assert answer.headers.get("replay-nonce"), answer


@asynccontextmanager
async def lanes(gateway: RunningGateway, web: ChallengeServer, count: int, seed: str) -> AsyncIterator[list[Lane]]:
    """Give lanes that are ready to shoot; the same seed gives the same requests but for keys, ids and nonces."""
    endpoints = gateway.endpoints
    tls = ssl.create_default_context(cafile=endpoints["tls_ca"])
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(https(endpoints["tls_ca"]))
        ready = []
        for number in range(count):
            lane = Lane(
                gateway=gateway,
                client=await AcmeClient.start(session, endpoints["acme_directory"]),
                web=web,
                chance=Random(f"{seed} {number}"),  # noqa: S311 - repeatable on purpose
                acme=await stack.enter_async_context(Wire(gateway.acme_port, tls)),
                status=await stack.enter_async_context(Wire(gateway.status_port)),
            )
            await lane.prepare()
            lane.nonce = await lane.client.nonce()
            ready.append(lane)
        yield ready
