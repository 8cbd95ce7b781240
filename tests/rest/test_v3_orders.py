"""Version 3: orders, what is attached to them, and what the frame does for every request."""

import base64

from tests.rest.conversation import Answer, Conversation
from tests.rest.shop import Shop, pem_request

NAME = "www.example.com"
KEY = "7c1f2f0e-3a0b-4d5c-9a57-6f0d1b7f8f11"
NOBODYS = "ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def place(alice: Conversation, shop: Shop, *names: str, **more: object) -> Answer:
    """Place an order."""
    return await alice.post("/v3/orders", {"product": shop.product.id, "csr": pem_request(*names), **more})


async def issued(alice: Conversation, shop: Shop, name: str = NAME) -> Answer:
    """Order a certificate for a name that is shown."""
    await shop.show_control(name)
    answer = await place(alice, shop, name)
    assert (answer.status, answer.json["status"]) == (201, "ISSUED"), answer.body
    return answer


async def test_an_order_for_shown_names_is_issued_at_once(alice: Conversation, shop: Shop) -> None:
    """A script would have to poll for what takes a millisecond."""
    answer = await issued(alice, shop)
    order = answer.json
    assert answer.headers["location"].endswith(f"/v3/orders/{order['id']}")
    assert order["names"] == [{"type": "dns", "value": NAME}]
    assert order["road"] == "rest"
    assert order["certificate"].startswith("crt-")
    again = await alice.get(f"/v3/orders/{order['id']}")
    assert again.json == order
    assert again.headers["etag"] == answer.headers["etag"]
    jobs = (await alice.get(f"/v3/orders/{order['id']}/jobs")).json
    assert {job["state"] for job in jobs} == {"SUCCESS"}
    events = (await alice.get(f"/v3/orders/{order['id']}/events")).json
    assert "order.place" in {event["action"] for event in events}


async def test_an_order_for_unshown_names_waits_as_long_as_is_preferred(alice: Conversation, shop: Shop) -> None:
    """Prefer: wait must neither be ignored nor hold the connection for ever (RFC 7240 section 4.3)."""
    answer = await alice.post(
        "/v3/orders", {"product": shop.product.id, "csr": pem_request("new.example.com")}, Prefer="wait=1"
    )
    assert (answer.status, answer.json["status"]) == (201, "NEW")
    assert answer.headers["preference-applied"] == "wait=1"
    plain = await alice.get(answer.headers["location"].partition("ra.example.com")[2], Prefer="handling=lenient")
    assert "preference-applied" not in plain.headers


async def test_another_tenant_meets_nothing(alice: Conversation, shop: Shop) -> None:
    """Orders of one Client could be read or changed by another (abuse 46)."""
    order_id = (await issued(alice, shop)).json["id"]
    bob = alice.by(alice.office.bob)
    for path in ("", "/jobs", "/events", "/tags", "/recipients", "/documents", "/comments"):
        theirs = (await bob.get(f"/v3/orders/{order_id}{path}")).refused(404, "not_found")
        nobodys = (await bob.get(f"/v3/orders/{NOBODYS}{path}")).refused(404, "not_found")
        assert theirs == nobodys
    (await bob.put(f"/v3/orders/{order_id}/tags", {"tags": []}, If_Match="*")).refused(404, "not_found")
    # Not even whether the tag is right is told (412 would say that there is such an order).
    (await bob.put(f"/v3/orders/{order_id}/tags", {"tags": []}, If_Match='"x"')).refused(404, "not_found")
    (await bob.post(f"/v3/orders/{order_id}/comments", {"text": "x"})).refused(404, "not_found")
    refused = await bob.post("/v3/orders", {"product": shop.product.id, "csr": pem_request(NAME)})
    refused.refused(404, "not_found")


async def test_a_viewer_orders_nothing(alice: Conversation, shop: Shop) -> None:
    """A role that may look could issue."""
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", alice.office.client_id))
    refused = await place(viewer, shop, NAME)
    assert "ORDER_CREATE" in refused.refused(403, "forbidden")
    order_id = (await issued(alice, shop)).json["id"]
    assert (await viewer.get(f"/v3/orders/{order_id}")).status == 200
    (await viewer.put(f"/v3/orders/{order_id}/tags", {"tags": []}, If_Match="*")).refused(403, "forbidden")


async def test_bad_orders_say_what_to_change(alice: Conversation, shop: Shop) -> None:
    """An integrator would guess; and nobody may set what he is not asked for (abuse 47)."""
    product = shop.product.id
    (await alice.post("/v3/orders", {"product": product, "csr": "no CSR"})).refused(400, "bad_csr")
    (await alice.post("/v3/orders", {"product": product, "csr": "AAAA"})).refused(400, "malformed")
    (await alice.post("/v3/orders", {"product": product})).refused(400, "malformed")
    (await alice.post("/v3/orders", b"{")).refused(400, "malformed")
    (await alice.post("/v3/orders", b"[]")).refused(400, "malformed")
    mass = await place(alice, shop, NAME, status="ISSUED", client=alice.office.other_id)
    mass.refused(400, "malformed")
    assert {"body.status", "body.client"} == {one["detail"].partition(":")[0] for one in mass.json["errors"]}
    (await alice.by(None).post("/v3/orders", {})).refused(401, "unauthenticated")


async def test_one_key_one_order(alice: Conversation, shop: Shop) -> None:
    """A script that repeats a request after a lost answer would get, and pay for, two certificates (abuse 49)."""
    await shop.show_control(NAME)
    body = {"product": shop.product.id, "csr": pem_request(NAME)}
    first = await alice.post("/v3/orders", body, Idempotency_Key=KEY)
    again = await alice.post("/v3/orders", body, Idempotency_Key=f'"{KEY}"')
    assert (again.status, again.body) == (first.status, first.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    other = {**body, "comment": "another"}
    (await alice.post("/v3/orders", other, Idempotency_Key=KEY)).refused(422, "idempotency_mismatch")
    # The keys of two users never meet, and a day later the key is free.
    colleague = alice.by(await alice.office.person("colleague", "ra-operator", alice.office.client_id))
    assert (await colleague.post("/v3/orders", body, Idempotency_Key=KEY)).json["id"] != first.json["id"]
    alice.office.clock.advance(hours=25)
    await shop.show_control(NAME)
    later = await alice.post("/v3/orders", other, Idempotency_Key=KEY)
    assert (later.status, later.json["id"] != first.json["id"]) == (201, True)
    (await alice.post("/v3/orders", body, Idempotency_Key="short")).refused(400, "malformed")


async def test_a_refused_request_leaves_its_key_free(alice: Conversation, shop: Shop) -> None:
    """A script that corrects its request could not use the key it has written down."""
    bad = {"product": shop.product.id, "csr": "AAAA"}
    (await alice.post("/v3/orders", bad, Idempotency_Key=KEY)).refused(400, "malformed")
    await shop.show_control(NAME)
    good = {"product": shop.product.id, "csr": pem_request(NAME)}
    assert (await alice.post("/v3/orders", good, Idempotency_Key=KEY)).status == 201


async def test_tags_change_for_whom_has_seen_them(alice: Conversation, shop: Shop) -> None:
    """Two who change the same would undo each other's work without a word (RFC 9110 section 13.1.1)."""
    path = f"/v3/orders/{(await issued(alice, shop)).json['id']}/tags"
    seen = (await alice.get(path)).headers["etag"]
    (await alice.put(path, {"tags": ["a"]})).refused(428, "precondition_required")
    changed = await alice.put(path, {"tags": ["a"]}, If_Match=seen)
    assert changed.json == {"tags": ["a"]}
    (await alice.put(path, {"tags": ["b"]}, If_Match=seen)).refused(412, "precondition_failed")
    assert (await alice.get(path)).json == {"tags": ["a"]}
    (await alice.put(path, {"tags": ["b"]}, If_Match="W/" + changed.headers["etag"])).refused(
        412, "precondition_failed"
    )
    (await alice.put(path, {"tags": ["b"]}, If_Match="no tag")).refused(400, "malformed")
    both = f'"x", {changed.headers["etag"]}'
    assert (await alice.put(path, {"tags": ["b"]}, If_Match=both)).json == {"tags": ["b"]}
    (await alice.put(path, {"tags": ["x" * 101]}, If_Match="*")).refused(400, "malformed")


async def test_what_is_attached_to_an_order(alice: Conversation, shop: Shop) -> None:
    """Recipients, documents and comments would be lost between the API and the core."""
    path = f"/v3/orders/{(await issued(alice, shop)).json['id']}"
    one = {"email": "it@example.com", "type": "RENEWAL", "language": "DE"}
    assert (await alice.post(f"{path}/recipients", {"recipients": [one]})).json == {"recipients": [one]}
    (await alice.post(f"{path}/recipients", {"recipients": [{**one, "email": "no\r\nmail@x"}]})).refused(
        400, "malformed"
    )
    assert (await alice.post(f"{path}/recipients/delete", {"recipients": [one]})).json == {"recipients": []}
    pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"
    added = await alice.post(f"{path}/documents", {"name": "register.pdf", "content": base64.b64encode(pdf).decode()})
    assert (added.status, added.json["type"]) == (201, "application/pdf"), added.body
    assert [found["id"] for found in (await alice.get(f"{path}/documents")).json] == [added.json["id"]]
    content = await alice.get(f"{path}/documents/{added.json['id']}")
    assert (content.body, content.headers["content-type"]) == (pdf, "application/pdf")
    assert content.headers["content-disposition"].startswith("attachment;")
    script = base64.b64encode(b"<script>").decode()
    (await alice.post(f"{path}/documents", {"name": "x.pdf", "content": script})).refused(400, "malformed")
    (await alice.post(f"{path}/documents", {"name": "x.pdf", "content": "*"})).refused(400, "malformed")
    said = await alice.post(f"{path}/comments", {"text": "By phone"})
    assert said.status == 201
    assert [found["text"] for found in (await alice.get(f"{path}/comments")).json] == ["By phone"]
    (await alice.post(f"{path}/comments", {"text": ""})).refused(400, "malformed")
