"""No user reaches what is another Client's (rule 45, abuse 46): every operation, with the ids of what is not his.

The sweep is generated from the documents, and the documents have every route: a new one is swept as it is. It fails
where it takes something that ``owned`` does not have, or a body whose example is not good enough to get to the id.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from ca_core.certificates.chain import pem_certificate
from ca_core.model.permissions import Permission
from ca_core.model.users import Role
from gateway.rest.front_end import FrontEnd
from gateway.rest.v2.routes import build_app as build_v2
from gateway.rest.v3.routes import build_app as build_v3
from tests.certificates.other_authority import foreign
from tests.orders.workshop import Workshop
from tests.rest.conversation import Answer, Conversation
from tests.rest.routes import METHODS, Operation, Parameter, operations, with_ids
from tests.rest.shop import Shop, acme_account, pem_request

NAME: Final = "www.example.com"
PDF: Final = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"
_UUID: Final = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"
_ANY_ID: Final = re.compile(r"[a-z]{3}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f-]{36}\b")

BODIES: Final[dict[str, Any]] = {
    "POST /v2/issue/csr/{productReference}": pem_request("new.example.com"),
    "POST /v2/issue": {"productReference": f"pma-{_UUID}", "csr": pem_request("new.example.com")},
    "POST /v2/validate": {"productReference": f"pma-{_UUID}", "csr": pem_request("new.example.com")},
    "POST /v2/order/{orderReference}/tags": ["taken"],
    "POST /v2/order/{orderReference}/add/recipients": [
        {"email": "mallory@example.org", "recipientType": "RENEWAL", "language": "EN"}
    ],
    "POST /v2/order/{orderReference}/delete/recipients": [
        {"email": "it@example.com", "recipientType": "RENEWAL", "language": "EN"}
    ],
    "POST /v2/orders": {"clientReferences": [f"cli-{_UUID}"], "orderReference": f"ord-{_UUID}"},
    "POST /v2/orders/paged": {"clientReferences": [f"cli-{_UUID}"]},
    "POST /v2/revoke": [
        {"serialNumber": "SERIAL", "issuerName": "ISSUER", "revocationReason": "KEY_COMPROMISE"},
    ],
    "POST /v2/client/domain/{clientReference}/register": ["stolen.example.org"],
    "POST /v3/orders/{order_id}/documents": {"name": "a.pdf", "content": base64.b64encode(PDF).decode()},
    "PATCH /v3/users/{name}": {"email": "mallory@example.org"},
    "POST /v3/products/{product_id}/validate": {"csr": pem_request("new.example.com")},
    "POST /v3/cmc-clients": {
        "name": "mallory",
        "client": f"cli-{_UUID}",
        "products": [f"pma-{_UUID}"],
        "rights": ["issue"],
        "csr": pem_request("new.example.com", common_name="mallory"),
    },
    "PATCH /v3/cmc-clients/{name}": {"sha1": True},
    "POST /v3/orders": {"product": f"pma-{_UUID}", "csr": pem_request("new.example.com")},
}
"""Bodies for what has no example, or one that is refused before anybody looks for the id."""

NAMED: Final = frozenset({"name"})
"""Parameters of a path that take the name of what is a Client's, and no id; roles are the installation's."""

WITHOUT_TENANT: Final = {
    "POST /v2/jwt/{userName}",  # for strangers: what it says to them is tested with the tokens
    "GET /v3/issuers/{issuer_id}",  # both Clients' products have one issuer
    "GET /v3/issuers/{issuer_id}/crl",
}

SEARCHES: Final = {"POST /v2/orders", "POST /v2/orders/paged"}
"""What is asked for in a body, as in a query; everything else with a body is about one thing."""


@dataclass(frozen=True, kw_only=True)
class Owned:
    """What the first Client has: an id of each kind, and what names its certificate."""

    alice: Conversation
    ids: dict[str, str]
    serial: str
    issuer: str

    def request(self, operation: Operation, ids: dict[str, str]) -> tuple[str, str, Any, dict[str, str]]:
        """Return the method, target, body and headers of a request for what ``ids`` name."""
        path = operation.path
        for parameter in operation.in_path:
            path = path.replace(f"{{{parameter.name}}}", self._value(parameter, ids))
        query = "&".join(f"{one.name}={ids[one.kind]}" for one in operation.in_query if one.kind in ids)
        body = with_ids(BODIES.get(operation.name, operation.body), ids)
        if isinstance(body, str):
            return operation.method, path, body.encode(), {"Content-Type": "text/plain"}
        text = json.dumps(body).replace("SERIAL", self.serial).replace("ISSUER", self.issuer)
        headers = {"If-Match": "*"} if operation.method in {"PUT", "PATCH", "DELETE", "POST"} else {}
        content = text.encode() if operation.takes_body else None
        return operation.method, f"{path}?{query}" if query else path, content, headers

    def _value(self, parameter: Parameter, ids: dict[str, str]) -> str:
        return ids[parameter.kind or parameter.name.replace("userName", "name")]


@pytest.fixture
async def owned(alice: Conversation, shop: Shop) -> Owned:
    """What the first Client has."""
    return await give_everything(alice, shop)


async def give_everything(alice: Conversation, shop: Shop) -> Owned:
    """Give the first Client one of everything."""
    client, chief = alice.office.client_id, alice.by(alice.office.chief)
    await shop.show_control(NAME)
    order = (await alice.post("/v3/orders", {"product": shop.product.id, "csr": pem_request(NAME)})).json
    at = f"/v3/orders/{order['id']}"
    comment = (await alice.post(f"{at}/comments", {"text": "ours alone"})).json
    document = (await alice.post(f"{at}/documents", BODIES["POST /v3/orders/{order_id}/documents"])).json
    recipients = {"recipients": [{"email": "it@example.com", "type": "RENEWAL"}]}
    assert (await alice.post(f"{at}/recipients", recipients)).status == 200
    [domain] = (await alice.post("/v3/domains", {"client": client, "names": ["ours.example.net"]})).json
    earlier = {"client": client, "certificates": pem_certificate(foreign("ours.example.net"))}
    [external] = (await alice.post("/v3/external-certificates", earlier)).json
    wanted = {"client": client, "products": [shop.product.id], "comment": "fleet"}
    bound = (await chief.post("/v3/external-account-keys", wanted)).json["key"]
    account = acme_account(alice.office.core, shop.product)
    await alice.office.core.store.write(lambda tx: tx.accounts.add(account))
    gateway = {"name": "alice", "client": client, "products": [shop.product.id], "rights": ["issue"]}
    made = await chief.post("/v3/cmc-clients", {**gateway, "csr": pem_request(NAME, common_name="alice")})
    assert made.status == 201, made.body
    hook = {"client": client, "url": "https://hooks.example.com/ra", "events": ["order.issued"]}
    webhook = (await chief.post("/v3/webhooks", hook)).json["webhook"]
    delivery = (await chief.post(f"/v3/webhooks/{webhook['id']}/test")).json
    [issuer, *_] = (await alice.get("/v3/issuers")).json
    [record, *_] = (await chief.get(f"/v3/audit?client={client}")).json["items"]
    [job, *_] = (await alice.get(f"{at}/jobs")).json
    shown = (await alice.post(f"/v2/order/{order['id']}")).json["certificate"]
    return Owned(
        alice=alice,
        serial=shown["serial"],
        issuer=shown["issuer"],
        ids={
            "cli": client,
            "pma": shop.product.id,
            "ord": order["id"],
            "crt": order["certificate"],
            "job": job["id"],
            "cmt": comment["id"],
            "doc": document["id"],
            "cld": domain["id"],
            "ext": external["id"],
            "eab": bound["id"],
            "acc": account.id,
            "whk": webhook["id"],
            "msg": delivery["id"],
            "iss": issuer["id"],
            "aud": record["id"],
            "name": alice.office.alice.user.name,
            "role": "ra-operator",
            "usr": alice.office.alice.user.id,
            "key": alice.office.alice.key.key.id,
        },
    )


def test_the_documents_have_every_route(workshop: Workshop) -> None:
    """A route that no document has would be swept by nobody."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    for build in (build_v2, build_v3):
        app: FastAPI = build(front_end)
        routes = [context.original_route for context in iter_route_contexts(app.routes)]
        there = {(method, one.path) for one in routes if isinstance(one, APIRoute) for method in one.methods or ()}
        documented = {
            (method.upper(), path) for path, item in app.openapi()["paths"].items() for method in METHODS & item.keys()
        }
        assert there == documented
        assert there


@pytest.fixture(params=["ra-operator", "all"])
async def bob(owned: Owned, request: pytest.FixtureRequest) -> Conversation:
    """A user of the other Client: one who orders, and one who may do there all there is."""
    office = owned.alice.office
    if request.param == "ra-operator":
        return owned.alice.by(office.bob)
    role = Role(name="all", permissions=frozenset(Permission))
    await office.core.store.write(lambda tx: tx.roles.put(role))
    return owned.alice.by(await office.person("rival", "all", office.other_id))


async def test_what_is_anothers_answers_as_what_is_not_there(owned: Owned, bob: Conversation) -> None:
    """A user of another Client would learn what there is, or use it."""
    swept = [one for one in await operations(bob) if one.name not in WITHOUT_TENANT]
    nobodys = {kind: f"{kind}-{_UUID}" for kind in owned.ids} | {"role": owned.ids["role"]}
    leaks: list[tuple[object, ...]] = []
    for operation in swept:
        method, target, body, headers = owned.request(operation, owned.ids)
        theirs = await bob.ask(method, target, body, headers)
        nothing = await bob.ask(*owned.request(operation, nobodys))
        if leaked := told(owned, theirs, target, body):
            leaks.append((operation.name, "tells", leaked))
        if operation.takes_body and BODIES.get(operation.name, operation.body) is None:
            leaks.append((operation.name, "has no body: add one"))
        if names_something(operation):
            if theirs.status not in allowed(operation):
                leaks.append((operation.name, theirs.status, theirs.body))
            if seen(theirs) != seen(nothing):
                leaks.append((operation.name, seen(theirs), seen(nothing)))
    assert not leaks, "\n".join(map(str, leaks))
    assert len(swept) > 40


async def test_strangers_get_nothing_of_anybody(owned: Owned) -> None:
    """An operation that forgot to ask for a token would answer everybody."""
    stranger = owned.alice.by(None)
    for operation in await operations(owned.alice):
        if operation.name != "POST /v2/jwt/{userName}":
            answer = await stranger.ask(*owned.request(operation, owned.ids))
            assert answer.status == 401, operation.name


async def test_nothing_was_changed(owned: Owned, bob: Conversation) -> None:
    """A refusal that does the deed all the same would be the worst; and the ids of the sweep are good ones."""
    chief = owned.alice.by(owned.alice.office.chief)
    readable = [one for one in await operations(bob) if one.method == "GET" and names_something(one)]
    before = {one.name: await chief.ask(*owned.request(one, owned.ids)) for one in readable}
    unreadable = {name: answer.body for name, answer in before.items() if answer.status != 200}
    assert unreadable == {}
    for operation in await operations(bob):
        await bob.ask(*owned.request(operation, owned.ids))
    for one in readable:
        after = await chief.ask(*owned.request(one, owned.ids))
        assert after.body == before[one.name].body, one.name


def names_something(operation: Operation) -> bool:
    """Whether the operation is about something that an id of its path or body names, and not about all there is."""
    body = json.dumps(BODIES.get(operation.name, operation.body))
    in_body = (_ANY_ID.search(body) is not None and operation.takes_body) or "SERIAL" in body
    in_query = any(one.kind for one in operation.in_query)
    return any(one.kind or one.name in NAMED for one in operation.in_path) or in_query or in_body


def allowed(operation: Operation) -> set[int]:
    """Return what another Client's id may be answered with: a search may find nothing, or be for nobody like him."""
    if operation.name in SEARCHES or not (operation.in_path or operation.takes_body):
        return {200, 403, 404}
    return {401, 404} if operation.path.startswith("/v2") else {404}


def told(owned: Owned, answer: Answer, target: str, body: Any) -> list[str]:
    """Return what the answer has of the first Client's that the asker has not said himself."""
    said = target + str(body)
    ours = [
        *{*owned.ids.values()} - {"ra-operator"},
        NAME,
        "ours.example.net",
        "ours alone",
        "it@example.com",
        "ours@example.com",
    ]
    return [one for one in ours if one not in said and one.encode() in answer.body]


def seen(answer: Answer) -> tuple[int, str]:
    """Return what an answer tells: its status and its text without ids."""
    return answer.status, _ANY_ID.sub("ID", answer.body.decode("latin-1"))
