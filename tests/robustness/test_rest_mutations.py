"""Ten thousand mutated requests to both versions of the RA API: no 5xx, no dead worker, nothing that is half stored."""

import asyncio
import json
import re
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from tests.rest.caller import csr_pem
from tests.robustness.invariants import Acknowledged, audit_records, check, database
from tests.robustness.lanes import to_json
from tests.robustness.mutators import STRANGE_VALUES, mutated_bytes, mutated_json
from tests.robustness.rest_lanes import JSON, Lane, lanes
from tests.robustness.rest_operations import Operation, operations, v2_bodies
from tests.robustness.test_mutations import GROWTH, WORST_SECONDS, memory
from tests.running_gateway import UNLIMITED, RunningGateway, loopback_dns

LANES = 4
SEED = 9457
DOMAIN = "mutations.trivium.test"
NAME = f"www.{DOMAIN}"
ANY_STATE = ("If-Match", "*")
BASES = ("", "", "", "/pki/api", "/v2", "/pki/api/v2")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X" * 200)
HEADERS = (
    *(("Idempotency-Key", value) for value in ("a", "", "\xff", "k" * 5000, '"x"', "a,b")),
    *(("If-Match", value) for value in ("*", '"x"', 'W/"x"', "x", '"' * 99, "*,*")),
    *(("Prefer", value) for value in ("wait=-1", "wait=x", "wait=1e9", "wait=" + "9" * 400, "respond-async", "=;,")),
    *(("Accept", value) for value in ("application/x-pem-file", "*/*;q=x", "text/html", "a" * 3000, "\xfe")),
    *(("Content-Type", value) for value in ("text/plain", "application/json; charset=x", "multipart/form-data", "")),
    *(("Authorization", value) for value in ("Basic YTpi", "Bearer", "Bearer a.b.c", "Bearer \xff")),
)


@dataclass(frozen=True)
class Stage:
    """A gateway with one worker, a user who may do everything, and what the operations are about."""

    gateway: RunningGateway
    token: str
    values: dict[str, str]
    v2: tuple[Operation, ...]
    v3: tuple[Operation, ...]

    def path(self, operation: Operation) -> str:
        """Return a path about things that are there, where there are any."""
        return re.sub(r"\{(\w+)\}", lambda found: self.values.get(found[1], "there-is-none"), operation.path)

    async def v3_body(self, lane: Lane) -> None:
        """Mutate a body of version 3."""
        operation = lane.chance.choice([one for one in self.v3 if one.body is not None])
        answer = await lane.shoot(operation.method, self.path(operation), _mutated(operation, lane), JSON, ANY_STATE)
        if operation.path == "/v3/orders" and answer is not None and answer.status < 300:
            lane.orders.add(answer.json["id"])

    async def v2_body(self, lane: Lane) -> None:
        """Mutate a body of version 2."""
        operation = lane.chance.choice([one for one in self.v2 if one.body is not None])
        path = lane.chance.choice(BASES) + self.path(operation)
        kind = ("Content-Type", "text/plain") if isinstance(operation.body, str) else JSON
        answer = await lane.shoot("POST", path, _mutated(operation, lane), kind)
        if operation.path.startswith("/v2/issue") and answer is not None and answer.status < 300:
            lane.orders.add(answer.json["uuid"])

    async def target(self, lane: Lane) -> None:
        """Mutate what stands before the body: method, path, query, headers and token."""
        chance = lane.chance
        operation = chance.choice(self.v2 + self.v3)
        path = self.path(operation)
        if chance.random() < 0.5:
            prefix = path[:4]
            path = prefix + _one_line(mutated_bytes(path[4:].encode(), chance)).replace(" ", "+")
        if operation.query and chance.random() < 0.6:
            names = chance.choices(operation.query, k=chance.randrange(1, 4))
            path += "?" + urlencode([(name, _text(chance.choice(STRANGE_VALUES))) for name in names])
        method = operation.method if chance.random() < 0.8 else chance.choice(METHODS)
        headers = chance.sample(HEADERS, chance.randrange(4))
        token = _one_line(mutated_bytes(self.token.encode(), chance)) if chance.random() < 0.15 else ""
        await lane.shoot(method, path, b"", *headers, token=token)

    async def size(self, lane: Lane) -> None:
        """Send bodies that are deeper, longer or of more parts than any that is in order."""
        operation = lane.chance.choice([one for one in self.v2 + self.v3 if isinstance(one.body, (dict, list))])
        deep = lane.chance.choice((200, 5_000, 100_000))
        many = lane.chance.choice((1_000, 50_000))
        text = json.dumps("a" * lane.chance.choice((10_000, 1_000_000)))
        within = lane.chance.choice(sorted(operation.body) if isinstance(operation.body, dict) else [""])
        body = lane.chance.choice(
            (
                "[" * deep + "]" * deep,
                '{"a":' * deep + "1" + "}" * deep,
                f'{{"{within}": {"[" * deep + "]" * deep}}}',
                f'{{"{within}": {text}}}',
                f'{{"{within}": [{",".join(["0"] * many)}]}}',
                json.dumps(dict.fromkeys(map(str, range(many)), 0)),
                f'{{"{within}": {"9" * deep}}}',
                "[" * deep,
                '"' + "a" * (8 * 1024 * 1024 + 1) + '"',
            )
        )
        answer = await lane.shoot(operation.method, self.path(operation), body.encode(), JSON, ANY_STATE)
        assert answer is None or len(body) < 8 * 1024 * 1024 or answer.status == 413, answer


def _mutated(operation: Operation, lane: Lane) -> bytes:
    value = operation.body
    if isinstance(value, str):
        return mutated_bytes(value.encode(), lane.chance)
    if lane.chance.random() < 0.2:
        return mutated_bytes(to_json(value), lane.chance)
    for _ in range(lane.chance.choice((1, 1, 2, 3))):
        value = mutated_json(value, lane.chance)
    return to_json(value)


def _one_line(data: bytes) -> str:
    return data.decode("latin-1").replace("\r", "%0d").replace("\n", "%0a")


def _text(value: object) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")[:1000]


SHOTS: dict[str, tuple[int, Callable[[Stage, Lane], Awaitable[None]]]] = {
    "v3": (3200, Stage.v3_body),
    "v2": (2000, Stage.v2_body),
    "target": (4750, Stage.target),
    "size": (50, Stage.size),
}
"""Ten thousand, by what is mutated."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Serve a gateway whose worker must be the same at the end."""
    gateway = RunningGateway(tmp_path_factory.mktemp("rest-mutations") / "ca")
    gateway.init(*UNLIMITED)
    with loopback_dns(gateway):
        gateway.start()
        request.addfinalizer(gateway.kill)  # noqa: PT021 - beside the gentle end, which is looked at
        workers = gateway.workers
        made = json.loads(gateway.trivium("user", "create", "shooter", "--service", "--role", "ca-operator", "--json"))
        yield asyncio.run(furnished(gateway, made["api_key"]))
        assert gateway.workers == workers
        assert "Traceback" not in gateway.log.read_text()
        gateway.stop()


def set_txt(gateway: RunningGateway, host: str, value: str) -> None:
    """Add a TXT record to the loopback DNS."""
    body = json.dumps({"host": f"{host}.", "value": value}).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{gateway.dns_http_port}/set-txt", body, timeout=10).close()


async def furnished(gateway: RunningGateway, key: str) -> Stage:
    """Make one thing of each kind; what may be suspended or deleted belongs to a Client of its own."""
    async with lanes(gateway, 1, "") as [lane]:
        lane.token = (await lane.json("POST", "/v3/tokens", {"user": "shooter", "secret": key}))["token"]
        clients = (await lane.json("GET", "/v3/clients"))["items"]
        [client] = [one["id"] for one in clients if one["name"] == "default"]
        products = (await lane.json("GET", f"/v3/products?client={client}"))["items"]
        [product] = [one["id"] for one in products if one["name"] == "tls"]
        victim = (await lane.json("POST", "/v3/clients", {"name": "victim"}))["client"]["id"]
        await lane.json(
            "POST", "/v3/users", {"name": "victim", "kind": "operator", "role": "ra-operator", "client": victim}
        )
        [domain] = await lane.json("POST", "/v3/domains", {"client": client, "names": [DOMAIN]})
        [other] = await lane.json("POST", "/v3/domains", {"client": client, "names": ["victim.test"]})
        await asyncio.to_thread(set_txt, gateway, DOMAIN, domain["token"]["value"])
        await lane.json("POST", f"/v3/domains/{domain['id']}/validate")
        csr = csr_pem(NAME)
        order = await lane.json("POST", "/v3/orders", {"product": product, "csr": csr}, ("Prefer", "wait=30"))
        hook = {"client": victim, "url": "https://hooks.example.test/", "events": ["order.issued"]}
        webhook = (await lane.json("POST", "/v3/webhooks", hook))["webhook"]
        [api_key] = await lane.json("GET", "/v3/users/victim/api-keys")
        issuer, *_ = await lane.json("GET", "/v3/issuers")
        certificate = await lane.json("GET", f"/v3/certificates/{order['certificate']}")
        values = {
            "order_id": order["id"],
            "orderReference": order["id"],
            "certificate_id": order["certificate"],
            "product_id": product,
            "productReference": product,
            "client_id": victim,
            "clientReference": client,
            "domain_id": other["id"],
            "prevalidatedDomainReference": other["id"],
            "webhook_id": webhook["id"],
            "key_id": api_key["id"],
            "name": "victim",
            "userName": "victim",
            "issuer_id": issuer["id"],
            "role": "ra-viewer",
            "cli-": client,
            "pma-": product,
            "csr": csr,
            "serial": certificate["serial"],
        }
        documents = [await lane.json("GET", f"/v{version}/openapi.json") for version in (2, 3)]
        bodies = v2_bodies(values, NAME)
        second, third = (tuple(operations(document, bodies, values)) for document in documents)
        assert (len(second), sum(one.body is not None for one in second)) == (27, len(bodies))
        return Stage(gateway, lane.token, values, second, third)


def orders(gateway: RunningGateway) -> set[str]:
    """Return the ids of the orders that came over REST, each of which is whole: with its job and its audit record."""
    root = "jobs.order_id = orders.id AND jobs.type = 'ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB'"
    with database(gateway) as connection:
        rows = connection.execute(
            text(f"SELECT orders.id, jobs.id AS job FROM orders LEFT JOIN jobs ON {root} WHERE road = 'rest'")  # noqa: S608 - ours
        ).all()
        recorded = {record["object_id"] for record in audit_records(connection)}
    assert [row.id for row in rows if row.job is None or row.id not in recorded] == []
    return {row.id for row in rows}


@pytest.mark.parametrize("kind", SHOTS)
async def test_mutated_requests_are_answered(
    stage: Stage, kind: str, record_property: Callable[[str, object], None]
) -> None:
    """One request that gives a 500, ends a worker or leaves half an order is one that an enemy sends all day."""
    total, shoot = SHOTS[kind]
    before = await asyncio.to_thread(orders, stage.gateway)
    async with lanes(stage.gateway, LANES, f"{SEED} {kind}", stage.token) as shooting:
        await volley(stage, shooting, shoot, total // 5)
        used = memory(stage.gateway)
        await volley(stage, shooting, shoot, total - total // 5)
        growth = memory(stage.gateway) - used
    worst = max(shooting, key=lambda lane: lane.worst)
    outcomes = sum((lane.outcomes for lane in shooting), Counter[str]())
    record_property("outcomes", dict(outcomes))
    print(f"{kind}: {dict(outcomes)} worst {worst.worst:.3f} s, memory {growth / 1024:+.0f} KiB")  # noqa: T201
    assert worst.worst < WORST_SECONDS, worst.worst_request
    assert abs(growth) < GROWTH or kind == "size"
    acknowledged = set().union(*(lane.orders for lane in shooting))
    assert await asyncio.to_thread(orders, stage.gateway) == before | acknowledged
    await asyncio.to_thread(check, stage.gateway, Acknowledged(orders=acknowledged))


async def volley(
    stage: Stage, shooting: list[Lane], shoot: Callable[[Stage, Lane], Awaitable[None]], total: int
) -> None:
    """Shoot so many times in all, every lane at its own pace."""
    left = iter(range(total))

    async def one_after_the_other(lane: Lane) -> None:
        for _ in left:
            await shoot(stage, lane)

    await asyncio.gather(*(one_after_the_other(lane) for lane in shooting))
