"""No account reaches what is another's (rule 45, abuse 22 and 46): every route of the table, in every method.

The sweep is generated from the route table: a route that takes an id and is not in ``THEIRS`` fails the first test.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from ca_core.access.accounts import Enrolment
from ca_core.model.values import replace
from gateway.acme.directory import Directory
from gateway.acme.resource import Resource
from gateway.acme.routes import routes
from tests.acme.acme_client import AcmeClient, Answer, csr, send
from tests.acme.acme_server import EXTERNAL_URL, AcmeServer, private_product
from tests.acme.signing import Json

BASE = f"{EXTERNAL_URL}/acme"
UNKNOWN = "01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")

# The kind of id that stands in each route: the owner's resource of that kind is what the other account asks for.
THEIRS = {
    "/account/{id}": "acc",
    "/account/{id}/orders": "acc",
    "/order/{id}": "ord",
    "/order/{id}/finalize": "ord",
    "/authorization/{id}": "azn",
    "/challenge/{id}": "chl",
    "/certificate/{id}": "crt",
    "/certificate/{id}/{chain}": "crt",
}
# What anybody may read, and says nothing that the certificate does not say (RFC 9773 section 6).
OPEN_TO_ALL = {"/renewal-info/{certificate}"}
PAYLOADS: tuple[Json | bytes, ...] = (
    b"",
    {},
    {"status": "deactivated"},
    {"contact": ["mailto:b@example.org"]},
    {"csr": csr("a.test")},
)


@dataclass(frozen=True, kw_only=True)
class Owned:
    """What account A has: its client, and an id of each kind."""

    client: AcmeClient
    ids: dict[str, str]

    def urls(self) -> list[tuple[str, str]]:
        """Return each URL of A that has an id, and the same URL with an id that nobody has."""
        paths = {path.replace("{chain}", "1"): kind for path, kind in THEIRS.items()}
        return [
            (BASE + path.replace("{id}", self.ids[kind]), BASE + path.replace("{id}", f"{kind}-{UNKNOWN}"))
            for path, kind in paths.items()
        ]


def table_paths() -> set[str]:
    """Return the paths of the route table, below the directory's, that have a parameter."""
    nothing: Any = None  # the table is only looked at
    table = routes(nothing, Directory(external_url=EXTERNAL_URL, enrolment=None), nothing)
    paths = {route.path.removeprefix("/acme") for route in table if isinstance(route.app, Resource)}
    return {path for path in paths if "{" in path and "{path:path}" not in path}


def test_every_route_with_an_id_is_swept() -> None:
    """A new resource could be read by everybody, and no test would ask."""
    assert table_paths() == set(THEIRS) | OPEN_TO_ALL


@pytest.fixture
async def owned(server: AcmeServer) -> Owned:
    """Give account A, with a pending order and an issued certificate."""
    client = await server.account()
    issued = await server.issued_order(client, "a.test")
    pending = await client.order("b.test")
    authorization = (await client.post(pending.json["authorizations"][0])).json
    urls = {
        "acc": client.kid,
        "ord": pending.header("location"),
        "azn": pending.json["authorizations"][0],
        "chl": authorization["challenges"][0]["url"],
        "crt": issued.json["certificate"],
    }
    return Owned(client=client, ids={kind: url.rpartition("/")[2] for kind, url in urls.items()})


async def other_client(server: AcmeServer) -> AcmeClient:
    """Return an account of another Client (tenant), with a product of its own."""
    first = await server.core.store.read(lambda tx: tx.clients.get("cli-1"))
    assert first is not None
    await server.core.store.write(lambda tx: tx.clients.add(replace(first, id="cli-2", name="second")))
    product = replace(private_product(), id="pma-2", client_id="cli-2")
    await server.core.store.write(lambda tx: tx.products.put(product))
    other = server.with_directory(enrolment=Enrolment(client_id="cli-2", product_id="pma-2"))
    return await other.account()


def seen(answer: Answer) -> tuple[Any, ...]:
    """Return what an answer tells: everything but the nonce, the id of the failure, and ids that the asker sent."""
    headers = {name for name, _ in answer.headers}
    text = re.sub(r"[a-z]{3}-[0-9a-f-]{36}", "ID", answer.body.decode())
    return answer.status, headers, len(answer.all("link")), text


@pytest.mark.parametrize("whose", ["same Client", "other Client", "nobody"])
async def test_what_is_anothers_answers_as_what_is_not_there(server: AcmeServer, owned: Owned, whose: str) -> None:
    """Account B would learn which resources exist, or use them: every POST to A's URLs answers as unknown ids do."""
    asker = {"same Client": server.account, "nobody": server.client}.get(whose)
    other = await (asker() if asker else other_client(server))
    for url, unknown in owned.urls():
        for payload in PAYLOADS:
            theirs, nothing = await other.post(url, payload), await other.post(unknown, payload)
            assert seen(theirs) == seen(nothing), (url, payload)
            assert theirs.status in ({400, 404} if other.kid else {400}), (url, payload)


async def test_no_method_is_kinder(server: AcmeServer, owned: Owned) -> None:
    """A method that nobody thought of would read or change what POST does not (RFC 8555 section 6.3)."""
    for url, unknown in owned.urls():
        for method in METHODS:
            theirs, nothing = await send(server.app, method, url), await send(server.app, method, unknown)
            assert seen(theirs) == seen(nothing), (method, url)
            assert theirs.status == 405


async def test_nothing_was_changed(server: AcmeServer, owned: Owned) -> None:
    """A refusal that does the deed all the same would be the worst: A's resources are as they were."""
    readable = [url for url, _ in owned.urls() if not url.endswith(("/finalize", "/1"))]
    before = [(await owned.client.post(url)).body for url in readable]
    other = await server.account()
    for url, _ in owned.urls():
        for payload in PAYLOADS:
            await other.post(url, payload)
            assert (await other.post(url, payload, kid=owned.client.kid)).status == 400
    assert [(await owned.client.post(url)).body for url in readable] == before
    assert server.web.requests == 1  # the validation of A's own order


async def test_ids_in_bodies_are_no_keys_either(server: AcmeServer, owned: Owned) -> None:
    """What stands in a body is as foreign as a URL: A's certificate, account, and the order it came from (abuse 27)."""
    other = await server.account()
    certificate = (await owned.client.post(f"{BASE}/certificate/{owned.ids['crt']}")).body
    assert b"BEGIN CERTIFICATE" in certificate
    change = {"account": owned.client.kid, "oldKey": json.loads('{"kty": "EC"}')}
    assert (await other.post(other.directory["keyChange"], change)).status == 400
    listed = await other.post(f"{other.kid}/orders?cursor={owned.ids['ord']}")
    assert listed.json.get("orders", []) == []
