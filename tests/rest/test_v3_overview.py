"""Version 3: the figures of the overview."""

from datetime import timedelta

from ca_core.model.products import ApprovalPolicy
from ca_core.model.values import replace
from tests.rest.conversation import Conversation
from tests.rest.shop import Shop, pem_request
from tests.rest.test_v3_orders import issued, place

NAME = "www.example.com"


async def test_overview(alice: Conversation, shop: Shop) -> None:
    """An operator could not see at a glance what ends, what waits and whether revocations are published."""
    certificate = (await issued(alice, shop)).json["certificate"]
    await alice.post("/v3/orders", {"product": shop.product.id, "csr": pem_request("new.example.com")})
    policy = replace(shop.product.policy, approval=ApprovalPolicy(issuance=1))
    await shop.core.store.write(lambda tx: tx.products.put(replace(shop.product, version="two", policy=policy)))
    await place(alice, shop, NAME)
    shown = (await alice.get("/v3/overview?weeks=2")).json
    by_state = {one["state"]: one["orders"] for one in shown["orders"]}
    assert by_state == {"NEW": 1, "PENDING_AUTH": 1, "ISSUED": 1}
    assert (shown["pendingValidations"], shown["pendingApprovals"]) == (1, 1)
    weeks = shown["ending"]
    assert (weeks[0]["start"], weeks[0]["end"]) == (shown["at"], weeks[1]["start"])
    end = (await alice.get(f"/v3/certificates/{certificate}")).json["notAfter"]
    listed = (await alice.get("/v3/overview?weeks=104")).json["ending"]
    assert [one["certificates"] for one in listed if one["start"] <= end < one["end"]] == [1]
    assert sum(one["certificates"] for one in listed) == 1
    [crl] = [one for one in shown["crls"] if one["kind"] == "issuing"]
    published = {one["issuer"]: one for one in (await alice.get("/v3/crls")).json}.get(crl["issuer"])
    assert crl["number"] == (published and published["number"])
    assert crl["overdue"] is (published is None)


async def test_overview_is_of_ones_own_clients(alice: Conversation, shop: Shop) -> None:
    """The figures would tell a tenant how much another one has (abuse 46)."""
    office = alice.office
    await issued(alice, shop)
    bob, chief = alice.by(office.bob), alice.by(office.chief)
    theirs = (await bob.get("/v3/overview")).json
    assert (theirs["orders"], sum(one["certificates"] for one in theirs["ending"])) == ([], 0)
    (await bob.get(f"/v3/overview?client={office.client_id}")).refused(404, "not_found")
    assert (await chief.get(f"/v3/overview?client={office.other_id}")).json["orders"] == []
    assert (await chief.get("/v3/overview")).json["orders"] != []
    (await alice.get("/v3/overview?weeks=105")).refused(400, "malformed")


async def test_a_figure_needs_its_permission(alice: Conversation) -> None:
    """Who may only look at domains would learn how many certificates there are."""
    office = alice.office
    shown = (await alice.by(office.chief).get("/v3/overview")).json
    assert None not in shown.values()
    role = {"name": "domains", "description": "", "forEveryClient": False, "permissions": ["DOMAIN_VIEW"]}
    assert (await alice.by(office.chief).post("/v3/roles", role)).status == 201
    blind = alice.by(await office.person("blind", "domains", office.client_id))
    shown = (await blind.get("/v3/overview")).json
    assert {name for name, value in shown.items() if value is not None} == {"at"}


async def test_a_crl_that_is_not_renewed_is_overdue(alice: Conversation) -> None:
    """Nobody would notice that relying parties refuse every certificate, or miss every revocation."""
    chief = alice.by(alice.office.chief)
    [before] = [one for one in (await chief.get("/v3/overview")).json["crls"] if one["kind"] == "issuing"]
    assert before["overdue"] is (before["number"] is None)
    alice.office.clock.advance(seconds=int(timedelta(days=60).total_seconds()))
    [after] = [one for one in (await chief.get("/v3/overview")).json["crls"] if one["kind"] == "issuing"]
    assert after["overdue"] is True
