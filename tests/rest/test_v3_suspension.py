"""Version 3: Clients and roles are made and changed, and who or what is suspended does nothing from then on."""

from tests.rest.conversation import Conversation
from tests.rest.shop import Shop, pem_request


async def test_a_new_client_can_ask_at_once(alice: Conversation) -> None:
    """A tenant would wait for somebody at the console."""
    chief = alice.by(alice.office.chief)
    made = await chief.post("/v3/clients", {"name": "third", "settings": {"cmc": True}})
    assert made.status == 201, made.body
    client = made.json["client"]
    assert client["settings"] == {"plainGet": False, "requireEab": False, "cmc": True}
    assert len(made.json["account"]["key"]["secret"]) == 64
    (await chief.post("/v3/clients", {"name": "third"})).refused(409, "conflict")
    (await chief.post("/v3/clients", {"name": "no name"})).refused(400, "malformed")
    (await alice.post("/v3/clients", {"name": "fourth"})).refused(403, "forbidden")
    path = f"/v3/clients/{client['id']}"
    tag = (await chief.get(path)).headers["etag"]
    changed = await chief.patch(path, {"description": "The third"}, If_Match=tag)
    assert (changed.json["description"], changed.json["settings"]) == ("The third", client["settings"])
    (await chief.patch(path, {"description": "x"}, If_Match=tag)).refused(412, "precondition_failed")
    (await chief.patch(path, {"suspended": False}, If_Match="*")).refused(400, "malformed")
    (await alice.patch(path, {"description": "mine"}, If_Match='"x"')).refused(404, "not_found")


async def test_who_is_suspended_does_nothing(alice: Conversation) -> None:
    """Somebody who has left could order for eight hours more."""
    office, chief = alice.office, alice.by(alice.office.chief)
    why = {"reason": "Left the company"}
    [key] = (await alice.get("/v3/users/alice/api-keys")).json
    for path in (f"/v3/clients/{office.client_id}", "/v3/users/alice", f"/v3/api-keys/{key['id']}"):
        suspended = await chief.post(f"{path}/suspend", why)
        assert suspended.json["suspended"] in (True, "Left the company"), suspended.body
        (await alice.get("/v3/clients")).refused(401, "unauthenticated")
        assert not (await chief.post(f"{path}/resume")).json["suspended"]
        assert (await alice.get("/v3/clients")).status == 200
        (await alice.by(office.bob).post(f"{path}/suspend", why)).refused(404, "not_found")
    (await chief.post("/v3/users/alice/suspend", {"reason": ""})).refused(400, "malformed")


async def test_roles_are_made_and_changed(alice: Conversation) -> None:
    """What a user may do could be decided at the console alone, or by whoever wants more for himself."""
    chief = alice.by(alice.office.chief)
    wanted = {"name": "helpdesk", "permissions": ["ORDER_VIEW", "CERTIFICATE_VIEW"]}
    made = await chief.post("/v3/roles", wanted)
    assert made.status == 201, made.body
    assert "helpdesk" in [one["name"] for one in (await chief.get("/v3/roles")).json]
    path = "/v3/roles/helpdesk"
    less = {"permissions": ["ORDER_VIEW"]}
    changed = await chief.put(path, less, If_Match=made.headers["etag"])
    assert changed.json["permissions"] == ["ORDER_VIEW"]
    (await chief.put(path, less, If_Match=made.headers["etag"])).refused(412, "precondition_failed")
    (await chief.put(path, {"permissions": ["FLY"]}, If_Match="*")).refused(400, "malformed")
    for method, body in (("PUT", less), ("DELETE", None)):
        answer = await alice.ask(method, path, body, {"If-Match": "*"})
        assert answer.status in {403, 404}, answer.body
    (await alice.post("/v3/roles", {**wanted, "name": "mine"})).refused(403, "forbidden")
    assert (await chief.delete(path)).status == 204
    (await chief.get(path)).refused(404, "not_found")


async def test_what_holds_an_order_up(alice: Conversation, shop: Shop) -> None:
    """Whoever waits for a certificate could not see what is to be shown, or where."""
    body = {"product": shop.product.id, "csr": pem_request("new.example.com")}
    order = (await alice.post("/v3/orders", body)).json
    path = f"/v3/orders/{order['id']}/pending-validations"
    [pending] = (await alice.get(path)).json
    assert pending["name"] == {"type": "dns", "value": "new.example.com"}
    assert {way["method"] for way in pending["ways"]}
    assert all(way["places"] and way["value"] for way in pending["ways"])
    client = alice.office.client_id
    assert (await alice.get(f"/v3/pending-validations?client={client}")).json["items"] == [pending]
    assert (await alice.get("/v3/pending-validations?text=new.*&limit=1")).json["items"] == [pending]
    assert (await alice.get("/v3/pending-validations?text=other")).json == {"items": [], "next": None}
    bob = alice.by(alice.office.bob)
    assert (await bob.get("/v3/pending-validations")).json["items"] == []
    (await bob.get(path)).refused(404, "not_found")
    (await bob.get(f"/v3/pending-validations?client={client}")).refused(404, "not_found")
    (await bob.post(f"/v3/orders/{order['id']}/validate")).refused(404, "not_found")
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", client))
    (await viewer.post(f"/v3/orders/{order['id']}/validate")).refused(403, "forbidden")
