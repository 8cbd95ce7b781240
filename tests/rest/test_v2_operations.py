"""The operations of version 2, as a client of the published interface calls them."""

import json
import re

import pytest

from tests.rest.caller import csr_pem
from tests.rest.desk import Desk
from tests.status.asgi import call

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NOWHERE = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_user_sees_his_clients_and_what_they_can_order(desk: Desk) -> None:
    """An integrator finds his productReference here: without it he can order nothing (abuse 46: and no one else's)."""
    [client] = await desk.alice.json("/v2/clients?search=def*")
    assert (client["uuid"], client["name"]) == (desk.office.client_id, "default")
    product = next(one for one in client["products"] if one["uuid"] == desk.product.id)
    assert product["productValidity"] == {"validityType": "DAYS", "validity": 90}
    assert product["keyGenerationType"] == "PKCS10"
    assert await desk.alice.json(f"/v2/client/{client['uuid']}") == client
    page = await desk.alice.json("/v2/clients/paged?search=default&length=1&start=0")
    assert page == {"draw": 0, "recordsTotal": 1, "recordsFiltered": 1, "data": [client]}
    past = await desk.alice.json("/v2/clients/paged?start=5")
    assert past == {"draw": 0, "recordsTotal": 1, "recordsFiltered": 1, "data": []}
    assert await desk.alice.json("/v2/clients?search=other") == []
    await desk.alice.json(f"/v2/client/{desk.office.other_id}", status=404)


async def test_order_by_csr_alone_waits_for_control_of_its_names(desk: Desk) -> None:
    """A client that orders before the domain is shown must be told that the order waits, not that it failed."""
    answer = await desk.alice.post(f"/v2/issue/csr/{desk.product.id}", csr_pem("www.example.org"))
    assert answer.status == 200
    order = json.loads(answer.body)
    assert order["status"] == "NEW"
    assert "certificate" not in order
    await desk.alice.json(f"/v2/order/{order['uuid']}/certificate/chain", status=400)
    tasks = await desk.alice.json(f"/v2/order/{order['uuid']}/tasks")
    assert "WAITING" in {task["status"] for task in tasks}


async def test_domain_has_its_life(desk: Desk) -> None:
    """Registered, looked for, shown, its value replaced and taken back, deleted: what the published interface does."""
    [domain] = await desk.alice.json(f"/v2/client/domain/{desk.office.client_id}/register", ["bücher.example"])
    path = f"/v2/client/domain/{domain['uuid']}"
    assert (domain["domain"], domain["domainUnicode"]) == ("xn--bcher-kva.example", "bücher.example")
    assert (domain["status"], domain["validated"], domain["expired"]) == ("PENDING", False, False)
    assert INSTANT.fullmatch(domain["randomValueTimeExpire"])
    assert await desk.alice.json(path) == domain
    assert await desk.alice.json(f"/v2/client/domain/{desk.office.client_id}/list") == [domain]
    missed = await desk.alice.json(f"{path}/validate")
    assert (missed["status"], missed["validated"]) == ("PENDING", False)
    assert missed["validationResult"].endswith(".")
    reset = await desk.alice.json(f"{path}/token/reset")
    assert reset["randomValue"] != domain["randomValue"]
    desk.dns.set_txt(f"_trivium-challenge.{domain['domain']}", reset["randomValue"])
    shown = await desk.alice.json(f"{path}/validate")
    assert (shown["status"], shown["validated"]) == ("VALID", True)
    assert INSTANT.fullmatch(shown["timeValidated"])
    bare = await desk.alice.json(f"{path}/token/delete")
    assert "randomValue" not in bare
    await desk.alice.json(f"{path}/delete", status=204)
    await desk.alice.json(path, status=404)


async def test_recipients_are_kept(desk: Desk) -> None:
    """A recipient that is lost never hears of his certificate."""
    order = (await desk.alice.json("/v2/issue", {"productReference": desk.product.id, "csr": csr_pem("a.example")}))[
        "uuid"
    ]
    ada = {"email": "ada@example.com", "recipientType": "ISSUANCE", "language": "EN"}
    bob = {"email": "bob@example.com", "recipientType": "REVOCATION", "language": "NEUTRAL"}
    spelled = {**ada, "recipientType": "issuance", "language": "en"}
    assert await desk.alice.json(f"/v2/order/{order}/add/recipients", [spelled, bob]) == [ada, bob]
    assert await desk.alice.json(f"/v2/order/{order}/list/recipients") == [ada, bob]
    assert (await desk.alice.json(f"/v2/order/{order}"))["additionalRecipients"] == [ada, bob]
    assert await desk.alice.json(f"/v2/order/{order}/delete/recipients", [ada]) == [bob]


async def test_token_is_plain_text_for_whoever_shows_the_key(desk: Desk) -> None:
    """The published client sends a form, and takes the answer as it is for its bearer token."""
    name, secret = desk.office.alice.user.name, desk.office.alice.key.secret
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await call(desk.alice.app, "POST", f"/v2/jwt/{name}", body=[f"userSecret={secret}".encode()], headers=form)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    authorization = {"authorization": f"Bearer {answer.body.decode()}"}
    assert (await call(desk.alice.app, "POST", "/v2/clients", headers=authorization)).status == 200
    refusals = []
    for wrong in (f"/v2/jwt/{name}", "/v2/jwt/nobody"):
        refused = await call(desk.alice.app, "POST", wrong, body=[b"userSecret=" + b"x" * 64], headers=form)
        refusals.append((refused.status, json.loads(refused.body)["errorMessages"]))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == 401
    for declared in ({}, {"content-length": "5000"}):
        large = await call(desk.alice.app, "POST", f"/v2/jwt/{name}", body=[b"x" * 5000], headers=form | declared)
        assert (large.status, set(json.loads(large.body))) == (413, {"uuid", "errorCode", "errorMessages"})


@pytest.mark.parametrize(
    "path",
    [
        "/v2/client/cli-{}",
        "/v2/client/domain/cli-{}/list",
        "/v2/client/domain/cld-{}",
        "/v2/client/domain/cld-{}/validate",
        "/v2/client/domain/cld-{}/delete",
        "/v2/client/domain/cld-{}/token/reset",
        "/v2/client/domain/cld-{}/token/delete",
        "/v2/order/ord-{}",
        "/v2/order/ord-{}/status",
        "/v2/order/ord-{}/tasks",
        "/v2/order/ord-{}/certificate/chain",
        "/v2/order/ord-{}/list/recipients",
        "/v2/order/ord-{}/publish",
        "/v2/order/ord-{}/unpublish",
    ],
)
async def test_what_is_not_there_is_404(desk: Desk, path: str) -> None:
    """A client tells "not there" from "you sent nonsense" by the status alone."""
    await desk.alice.json(path.format(NOWHERE), status=404)
    await desk.alice.json(path.format("x"), status=400)
