"""Lanes for CMC: connections that send messages, and hold every answer to what a PKI Response must be."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from asn1crypto import cms
from sqlalchemy import text

from gateway.cmc.asn1 import CMCStatusInfoV2, PKIResponse
from gateway.cmc.oids import STATUS_INFO_V2
from tests.robustness.invariants import database
from tests.robustness.wire import Wire, request
from tests.running_gateway import RunningGateway


@dataclass
class Lane:
    """A connection and dice of its own."""

    wire: Wire
    chance: Random
    outcomes: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    worst_body: bytes = b""

    async def post(self, body: bytes, path: str = "/cmc") -> list[str]:
        """Send a message; return what is said of its parts, nothing for a Simple PKI Response."""
        sent = request("POST", path, body)
        begun = time.monotonic()
        answer = await self.wire.send(sent) or await self.wire.send(sent)  # the connection may have been idle for long
        took = time.monotonic() - begun
        assert answer is not None, body
        if took > self.worst:
            self.worst, self.worst_body = took, body
        assert answer.status in {200, 413}, (answer, body)
        said = ["too large"] if answer.status == 413 else statuses(answer.body)
        self.outcomes.update(said or ["certificates"])
        return said


def statuses(body: bytes) -> list[str]:
    """Read a PKI Response; what fails must say why."""
    signed = cms.ContentInfo.load(body, strict=True)["content"]
    if not len(signed["signer_infos"]):
        return []
    response = PKIResponse.load(signed["encap_content_info"]["content"].native, strict=True)
    said = []
    for one in response["control_sequence"]:
        if one["attr_type"].dotted == STATUS_INFO_V2:
            status = CMCStatusInfoV2.load(one["attr_values"][0].dump(), strict=True)
            number = int(status["cmc_status"])
            failed = number not in {0, 3}
            assert not failed or status["status_string"].native, body
            said.append(f"{number}:{int(status['status_info'].chosen)}" if failed else str(number))
    assert said, body
    return said


@asynccontextmanager
async def lanes(gateway: RunningGateway, count: int, seed: str) -> AsyncIterator[list[Lane]]:
    """Give lanes with a connection each."""
    tls = ssl.create_default_context(cafile=gateway.endpoints["tls_ca"])
    async with AsyncExitStack() as stack:
        yield [
            Lane(await stack.enter_async_context(Wire(gateway.acme_port, tls)), Random(f"{seed} {number}"))  # noqa: S311
            for number in range(count)
        ]


async def recipient_certificate(gateway: RunningGateway) -> bytes:
    """Return the certificate to encrypt for (PEM), which the gateway makes soon after its first start."""
    async with lanes(gateway, 1, "") as [lane]:
        while True:
            answer = await lane.wire.send(request("GET", "/cmc/recipient.pem"))
            if answer is not None and answer.status == 200:
                return answer.body
            await asyncio.sleep(0.1)


def issued_over_cmc(gateway: RunningGateway) -> int:
    """Return how many certificates there are, intents included, that were ordered over CMC."""
    query = (
        "SELECT count(*) FROM certificates JOIN orders ON orders.id = certificates.order_id WHERE orders.road = 'cmc'"
    )
    with database(gateway) as connection:
        return int(connection.execute(text(query)).scalar_one())
