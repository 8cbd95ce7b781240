"""Requests that no client sends: too large, with members that are not the sender's, with SQL where a word stands."""

import json
from typing import Any, Final
from urllib.parse import quote

import pytest

from gateway.rest.authentication import MAX_BODY
from tests.rest.conversation import Conversation
from tests.rest.routes import Operation, operations
from tests.rest.shop import Shop, pem_request
from tests.status.asgi import call

NAME: Final = "www.example.com"
INJECTIONS: Final = (
    "id; DROP TABLE orders--",
    "1' OR '1'='1",
    '"; DELETE FROM certificates; --',
    "CASE WHEN 1=1 THEN id ELSE name END DESC",
    "%' ESCAPE '!",
    "*?%_\\",
)
ORDERS: Final = ("sort", "order_by", "orderBy", "sortBy")
"""Names under which APIs take the column to sort by, and ours takes none but the words of ``sort``."""
NOT_HIS: Final = {"id": "ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12", "clientId": "x", "status": "ISSUED", "admin": True}
V2_SEARCHES: Final = ("/v2/orders", "/v2/clients")
SHAPES: Final = ({"uuid", "errorCode", "errorMessages"}, {"type", "title", "status", "detail", "instance", "errors"})
"""The members of an error of version 2, and of one of version 3."""


@pytest.fixture
async def order(alice: Conversation, shop: Shop) -> dict[str, Any]:
    """An order of alice's, with its certificate."""
    await shop.show_control(NAME)
    made = await alice.post("/v3/orders", {"product": shop.product.id, "csr": pem_request(NAME)})
    assert made.status in {200, 201, 202}, made.body
    found: dict[str, Any] = made.json
    return found


async def everything(alice: Conversation) -> list[bytes]:
    """Return what there is, as the CA's operator reads it."""
    chief, client = alice.by(alice.office.chief), f"?client={alice.office.client_id}"
    lists = ("orders", "certificates", "products", "domains", "clients", "users", "acme-accounts", "webhooks")
    answers = [await chief.get(f"/v3/{one}{'' if one == 'clients' else client}") for one in lists]
    assert {one.status for one in answers} == {200}
    return [one.body for one in answers]


async def searches(alice: Conversation) -> list[Operation]:
    """Return the operations that list or search: those of version 3 that page, and those of version 2."""
    found = await operations(alice)
    paged = [one for one in found if "cursor" in {parameter.name for parameter in one.in_query} and not one.in_path]
    return [*paged, *(one for one in found if one.path.startswith(V2_SEARCHES))]


async def test_nobody_chooses_what_is_sorted_by(alice: Conversation, order: dict[str, Any]) -> None:
    """Abuse 48: SQL in the place of a column would be executed, or show more than there is to see."""
    before = await everything(alice)
    chief = alice.by(alice.office.chief)
    found = await searches(alice)
    assert {"GET /v3/orders", "GET /v3/certificates", "GET /v3/users", "POST /v2/orders/paged"} <= {
        one.name for one in found
    }
    for operation in found:
        body: object = {} if operation.takes_body else None
        plain = await chief.ask(operation.method, operation.path, body)
        assert plain.status == 200, (operation.name, plain.body)
        for text in INJECTIONS:
            for name in ORDERS:
                answer = await chief.ask(operation.method, f"{operation.path}?{name}={quote(text)}", body)
                if operation.path.startswith("/v3"):
                    answer.refused(400, "malformed")
                else:
                    assert (answer.status, answer.body) == (200, plain.body), (operation.name, name, text)
    assert await everything(alice) == before


async def test_what_is_searched_for_is_text(alice: Conversation, order: dict[str, Any]) -> None:
    """Abuse 48: SQL in a parameter would be executed, and a wildcard of SQL would find what was not asked for."""
    before = await everything(alice)
    chief = alice.by(alice.office.chief)
    for operation in await searches(alice):
        body: object = {} if operation.takes_body else None
        for parameter in operation.in_query:
            for text in INJECTIONS:
                answer = await chief.ask(operation.method, f"{operation.path}?{parameter.name}={quote(text)}", body)
                assert answer.status in {200, 400}, (operation.name, parameter.name, text, answer.body)
    for path in ("/v2/orders", "/v2/orders/paged"):
        for text in INJECTIONS:
            for member in ("attribute", "serialNumber", "orderReference", "tags", "startAfter", "clientReferences"):
                value = [text] if member in {"tags", "clientReferences"} else text
                answer = await chief.post(path, {member: value})
                assert answer.status in {200, 400, 404}, (path, member, text, answer.body)
                assert order["id"].encode() not in answer.body or (member, text) == ("attribute", "*?%_\\"), text
    assert await everything(alice) == before


async def test_members_that_nobody_may_set_are_refused(alice: Conversation, order: dict[str, Any], shop: Shop) -> None:
    """Abuse 47: somebody would choose the Client, the state or the rights of what he makes or changes."""
    before = await everything(alice)
    chief = alice.by(alice.office.chief)
    ids = {"cli": alice.office.client_id, "pma": shop.product.id, "ord": order["id"], "crt": order["certificate"]}
    bodies = [one for one in await operations(alice) if one.path.startswith("/v3") and isinstance(one.body, dict)]
    assert len(bodies) > 20
    for operation in bodies:
        path = operation.path
        for parameter in operation.in_path:
            nobodys = f"{parameter.kind}-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"
            path = path.replace(f"{{{parameter.name}}}", ids.get(parameter.kind, nobodys) if parameter.kind else "bob")
        for name, value in NOT_HIS.items():
            if name not in operation.body:
                answer = await chief.ask(operation.method, path, operation.body | {name: value}, {"If-Match": "*"})
                answer.refused(400, "malformed")
                assert any(name in one["detail"] for one in answer.json["errors"]), (operation.name, answer.body)
    assert await everything(alice) == before


async def test_version_2_passes_over_what_it_does_not_know(alice: Conversation, shop: Shop) -> None:
    """Abuse 47: deployed clients send more than there is; none of it may become part of an order."""
    await shop.show_control(NAME)
    body = {"productReference": shop.product.id, "csr": pem_request(NAME), "synchrone": True}
    theirs = {"client": alice.office.other_id, "clientReference": alice.office.other_id, "uuid": NOT_HIS["id"]}
    answer = await alice.post("/v2/issue", body | NOT_HIS | theirs | {"placedBy": "chief", "orderStatus": "REVOKED"})
    assert answer.status == 200, answer.body
    assert alice.office.other_id.encode() not in answer.body
    [made] = (await alice.get("/v3/orders")).json["items"]
    assert (made["client"], made["status"]) == (alice.office.client_id, "ISSUED")
    assert made["id"] != NOT_HIS["id"]
    assert alice.office.alice.user.id in made["placedBy"]


async def test_bodies_that_are_too_large_are_refused(alice: Conversation) -> None:
    """Abuse 70: a few requests would fill the memory; one whose length is declared is not even read."""
    before = await everything(alice)
    token = {"Authorization": f"Bearer {alice.office.alice.token()}", "Content-Type": "application/json"}
    piece = b" " * 2**20
    taking = [one for one in await operations(alice) if one.takes_body and not one.in_path]
    assert {one.path[:3] for one in taking} == {"/v2", "/v3"}
    for operation in taking:
        pieces = iter([piece] * (MAX_BODY // len(piece) + 100))
        answer = await call(alice.app, operation.method, operation.path, body=pieces, headers=token)
        assert answer.status == 413, (operation.name, answer.body)
        assert set(json.loads(answer.body)) in SHAPES, (operation.name, answer.body)
        assert next(pieces, None) is not None, operation.name
        declared = token | {"Content-Length": str(MAX_BODY + 1)}
        pieces = iter([piece])
        answer = await call(alice.app, operation.method, operation.path, body=pieces, headers=declared)
        assert answer.status == 413, (operation.name, answer.body)
        assert set(json.loads(answer.body)) in SHAPES, (operation.name, answer.body)
        assert next(pieces, None) == piece, operation.name
    assert await everything(alice) == before
