"""Lanes over REST: connections that shoot mutated requests at both versions, and look at every answer."""

import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.robustness.acme_client import Answer
from tests.robustness.wire import Wire, request
from tests.running_gateway import RunningGateway

JSON = ("Content-Type", "application/json")
APIERROR = {"uuid", "errorCode", "errorMessages"}


@dataclass
class Lane:
    """A connection and dice of its own. ``orders`` are the ids of those that answers said are placed."""

    wire: Wire
    chance: Random
    token: str = ""
    orders: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    worst_request: bytes = b""

    async def shoot(
        self, method: str, path: str, body: bytes = b"", *headers: tuple[str, str], token: str = ""
    ) -> Answer | None:
        """Send a request and check what every answer must be; None when the gateway closed the connection."""
        sent = request(method, path, body, ("Authorization", f"Bearer {token or self.token}"), *headers)
        begun = time.monotonic()
        answer = await self.wire.send(sent)
        took = time.monotonic() - begun
        if took > self.worst:
            self.worst, self.worst_request = took, sent[:2000]
        self.outcomes["closed" if answer is None else str(answer.status)] += 1
        if answer is None:
            return None
        assert answer.status < 500, (sent[:5000], answer)
        if answer.status >= 400 and answer.body and "text/plain" not in answer.headers.get("content-type", ""):
            require_refusal(path, answer)
        return answer

    async def json(self, method: str, path: str, value: Any = None, *headers: tuple[str, str]) -> Any:
        """Send what is in order, and return the JSON of the answer."""
        body = b"" if value is None else json.dumps(value).encode()
        answer = await self.shoot(method, path, body, JSON, *headers)
        assert answer is not None
        assert answer.status < 300, (path, value, answer)
        return json.loads(answer.body) if answer.body else None


def require_refusal(path: str, answer: Answer) -> None:
    """Assert that a refusal is what the version says: a problem document (RFC 9457), or an APIError."""
    said = json.loads(answer.body)
    if path.startswith("/v3/"):
        assert answer.headers.get("content-type") == "application/problem+json", (path, answer)
        assert said["type"].startswith("urn:trivium:error:"), answer
        assert said["status"] == answer.status, answer
        assert said["detail"], answer
    elif path.startswith(("/v2/", "/pki/api/")):
        assert set(said) == APIERROR, (path, answer)


@asynccontextmanager
async def lanes(gateway: RunningGateway, count: int, seed: str, token: str = "") -> AsyncIterator[list[Lane]]:
    """Give lanes that are ready to shoot; the same seed gives the same requests but for keys and ids."""
    tls = ssl.create_default_context(cafile=gateway.endpoints["tls_ca"])
    async with AsyncExitStack() as stack:
        yield [
            Lane(
                wire=await stack.enter_async_context(Wire(gateway.acme_port, tls)),
                chance=Random(f"{seed} {number}"),  # noqa: S311 - repeatable on purpose
                token=token,
            )
            for number in range(count)
        ]
