"""Version 3: what is decided about an order."""

from ca_core.model.products import ApprovalPolicy
from ca_core.model.values import replace
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop, pem_request
from tests.rest.test_v3_orders import place


async def test_four_eyes(alice: Conversation, shop: Shop) -> None:
    """Somebody could issue alone what two should agree on (abuse 57)."""
    policy = replace(shop.product.policy, approval=ApprovalPolicy(issuance=1))
    product = replace(shop.product, version="approved", policy=policy)
    await shop.core.store.write(lambda tx: tx.products.put(product))
    await shop.show_control("www.example.com")
    order = (await place(alice, shop, "www.example.com")).json
    assert order["status"] == "PENDING_AUTH"
    path = f"/v3/orders/{order['id']}"
    (await alice.by(alice.office.bob).post(f"{path}/approve", {})).refused(404, "not_found")
    (await alice.post(f"{path}/approve", {})).refused(403, "forbidden")
    colleague = alice.by(await alice.office.person("colleague", "ra-operator", alice.office.client_id))
    (await colleague.post(f"{path}/reject", {"reason": ""})).refused(400, "malformed")
    approved = await colleague.post(f"{path}/approve", {"reason": "Known"})
    assert approved.json["status"] == "ISSUED", approved.body
    [decision] = (await colleague.get(f"{path}/approvals")).json
    assert (decision["granted"], decision["reason"]) == (True, "Known")
    (await colleague.post(f"{path}/reject", {"reason": "No"})).refused(409, "not_ready")


async def test_what_waits_is_cancelled_and_what_is_done_is_not(alice: Conversation, shop: Shop) -> None:
    """An order that nobody wants any more would be issued by the next look."""
    order = await alice.post("/v3/orders", {"product": shop.product.id, "csr": pem_request("new.example.com")})
    path = f"/v3/orders/{order.json['id']}"
    (await alice.by(alice.office.bob).post(f"{path}/cancel", {})).refused(404, "not_found")
    cancelled = await alice.post(f"{path}/cancel", {"reason": "Not needed"})
    assert (cancelled.json["status"], "Not needed" in cancelled.json["error"]["detail"]) == ("FAILED", True)
    (await alice.post(f"{path}/cancel", {})).refused(409, "not_ready")
    (await alice.post(f"{path}/retry")).refused(409, "not_ready")
