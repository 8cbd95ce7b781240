"""Version 3: what is decided about an order."""

from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.products import ApprovalPolicy
from ca_core.model.values import replace
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop, pem_request
from tests.rest.test_v3_orders import issued, place


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


async def test_what_waits_for_approvals_and_what_one_decided(alice: Conversation, shop: Shop) -> None:
    """An approver would have to know the ids of what waits for him, and nobody could say what he decided."""
    policy = replace(shop.product.policy, approval=ApprovalPolicy(issuance=2, revocation=1))
    product = replace(shop.product, version="approved", policy=policy)
    await shop.core.store.write(lambda tx: tx.products.put(product))
    await shop.show_control("www.example.com")
    order = (await place(alice, shop, "www.example.com")).json
    office = alice.office
    first, second = [
        alice.by(await office.person(name, "ra-operator", office.client_id)) for name in ("first", "second")
    ]
    [own] = (await alice.get("/v3/pending-approvals")).json["items"]
    assert (own["order"]["id"], own["requester"], own["needed"], own["approvals"]) == (order["id"], "alice", 2, [])
    assert "four eyes" in own["hindrance"]
    [theirs] = (await first.get(f"/v3/pending-approvals?client={office.client_id}")).json["items"]
    assert (theirs["hindrance"], theirs["revocation"]) == (None, None)
    other = {"job": f"job-{order['id'][4:]}"}
    (await first.post(f"/v3/orders/{order['id']}/approve", other)).refused(409, "not_ready")
    await first.post(f"/v3/orders/{order['id']}/approve", {"reason": "Known", "job": theirs["job"]})
    [decided] = (await first.get("/v3/pending-approvals")).json["items"]
    assert (len(decided["approvals"]), "already" in decided["hindrance"]) == (1, True)
    issued = (await second.post(f"/v3/orders/{order['id']}/approve", {})).json
    await alice.post(f"/v3/certificates/{issued['certificate']}/revoke", {"reason": "superseded"})
    [revocation] = (await second.get("/v3/pending-approvals")).json["items"]
    assert (revocation["revocation"], revocation["requester"], revocation["needed"]) == ("superseded", "alice", 1)
    office.clock.advance(minutes=1)
    await first.post(f"/v3/orders/{order['id']}/reject", {"reason": "Still in use"})
    assert (await first.get("/v3/pending-approvals")).json["items"] == []
    page = (await first.get("/v3/approvals?limit=1")).json
    [newest] = page["items"]
    assert (newest["subject"], newest["granted"]) == (revocation["job"], False)
    rest = (await first.get(f"/v3/approvals?limit=1&cursor={page['next']}")).json["items"]
    assert [(one["subject"], one["granted"]) for one in rest] == [(order["id"], True)]
    bob = alice.by(office.bob)
    for target in ("/v3/pending-approvals", f"/v3/pending-approvals?client={office.client_id}", "/v3/approvals"):
        assert (await bob.get(target)).json["items"] == [], target


async def test_one_job_is_tried_again(alice: Conversation, shop: Shop) -> None:
    """Who wants one mail sent again would set everything of the order going."""
    core = alice.office.core
    order = (await issued(alice, shop)).json
    failed = [
        Job(
            id=core.sources.new_id("job"),
            type=JobType.SEND_EMAIL_JOB,
            state=JobState.FAILED,
            created_at=core.sources.now(),
            finished_at=core.sources.now(),
            order_id=order["id"],
            client_id=order["client"],
        )
        for _ in range(2)
    ]
    await core.store.write(lambda tx: tx.jobs.add(failed))
    path = f"/v3/orders/{order['id']}/jobs"
    again = await alice.post(f"{path}/{failed[0].id}/retry")
    assert (again.json["id"], again.json["state"], again.json["finishedAt"]) == (failed[0].id, "PENDING", None)
    states = {one["id"]: one["state"] for one in (await alice.get(path)).json}
    assert [states[one.id] for one in failed] == ["PENDING", "FAILED"]
    (await alice.post(f"{path}/{failed[0].id}/retry")).refused(409, "not_ready")
    (await alice.post(f"{path}/{core.sources.new_id('job')}/retry")).refused(404, "not_found")
    (await alice.by(alice.office.bob).post(f"{path}/{failed[1].id}/retry")).refused(404, "not_found")
