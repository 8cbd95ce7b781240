"""Version 3: Clients, products, issuers, CRLs and the audit log, as their users read them."""

from tests.rest.conversation import Conversation
from tests.rest.shop import Shop

NOBODYS = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_a_user_sees_his_clients_alone(alice: Conversation) -> None:
    """One tenant would read who the others are (abuse 46)."""
    office = alice.office
    assert [one["id"] for one in (await alice.get("/v3/clients")).json["items"]] == [office.client_id]
    assert [one["id"] for one in (await alice.by(office.bob).get("/v3/clients")).json["items"]] == [office.other_id]
    both = (await alice.by(office.chief).get("/v3/clients")).json["items"]
    assert {office.client_id, office.other_id} <= {one["id"] for one in both}
    assert (await alice.get(f"/v3/clients/{office.client_id}")).json["name"] == "default"


async def test_anothers_and_nobodys_are_the_same_404(alice: Conversation) -> None:
    """A stranger could find out which ids there are (abuse 46)."""
    mine = (await alice.get("/v3/products")).json["items"][0]["id"]
    bob = alice.by(alice.office.bob)
    for path, nobodys in (
        (f"/v3/clients/{alice.office.client_id}", f"/v3/clients/cli-{NOBODYS}"),
        (f"/v3/products/{mine}", f"/v3/products/pma-{NOBODYS}"),
    ):
        details = {(await bob.get(one)).refused(404, "not_found") for one in (path, nobodys)}
        assert len(details) == 1
        assert (await alice.get(path)).status == 200


async def test_nothing_is_made_for_a_client_that_there_is_not(alice: Conversation, shop: Shop) -> None:
    """Who acts for every Client would be told of a fault of ours, or have made what belongs to nobody."""
    chief, client = alice.by(alice.office.chief), f"cli-{NOBODYS}"
    role = {"role": "ra-operator", "client": client}
    for path, wanted in (
        ("/v3/users", {"name": "new", "kind": "operator", **role}),
        ("/v3/users/alice/roles", role),
        ("/v3/users/alice/api-keys", {"client": client}),
        ("/v3/users/chief/api-keys", {"client": client}),
        ("/v3/webhooks", {"client": client, "url": "https://hooks.example.com/", "events": ["order.issued"]}),
        ("/v3/domains", {"client": client, "names": ["example.com"]}),
        ("/v3/external-account-keys", {"client": client, "products": [shop.product.id]}),
    ):
        assert "Client" in (await chief.post(path, wanted)).refused(404, "not_found")
    assert "Client" in (await chief.get(f"/v3/domains?client={client}")).refused(404, "not_found")


async def test_products_show_their_form(alice: Conversation, shop: Shop) -> None:
    """An integrator could not build the form that asks for what the product wants."""
    page = (await alice.get("/v3/products?road=rest")).json["items"]
    assert shop.product.id in {one["id"] for one in page}
    for product in page:
        assert "rest" in product["roads"]
        assert product["client"] == alice.office.client_id
        assert isinstance(product["form"], list)
        one = await alice.get(f"/v3/products/{product['id']}")
        assert one.json == product
        assert one.headers["etag"]
    assert (await alice.get(f"/v3/products?client={alice.office.other_id}")).json["items"] == []
    assert [one["name"] for one in (await alice.get("/v3/products?text=SERVER")).json["items"]] == ["tls"]


async def test_issuers_and_crls(alice: Conversation) -> None:
    """Relying parties' scripts fetch the chain and the CRL from here."""
    [issuer] = (await alice.get("/v3/issuers")).json
    assert issuer["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert (await alice.get(f"/v3/issuers/{issuer['id']}")).json == issuer
    (await alice.get(f"/v3/issuers/iss-{NOBODYS}")).refused(404, "not_found")
    crls = await alice.get("/v3/crls")
    assert crls.status == 200
    # The second Client has no product, so no issuer is its.
    bob = alice.by(alice.office.bob)
    assert (await bob.get("/v3/issuers")).json == []
    (await bob.get(f"/v3/issuers/{issuer['id']}")).refused(404, "not_found")


async def test_lists_are_paged_by_cursor(alice: Conversation) -> None:
    """A client that follows `next` and Link must see every item once."""
    chief = alice.by(alice.office.chief)
    whole = [one["id"] for one in (await chief.get("/v3/products")).json["items"]]
    assert len(whole) > 2
    seen, target = [], "/v3/products?limit=2"
    while target:
        answer = await chief.get(target)
        seen += [one["id"] for one in answer.json["items"]]
        cursor = answer.json["next"]
        target = f"/v3/products?limit=2&cursor={cursor}" if cursor else ""
        assert ('rel="next"' in answer.headers["link"]) == bool(cursor)
    assert seen == whole
    (await chief.get("/v3/products?cursor=%C3%A4")).refused(400, "malformed")
    (await chief.get("/v3/products?cursor=AA")).refused(400, "malformed")
    (await chief.get("/v3/products?limit=0")).refused(400, "malformed")
    (await chief.get("/v3/products?order_by=name%3Bdrop")).refused(400, "malformed")


async def test_the_audit_log_is_for_auditors(alice: Conversation) -> None:
    """Whoever may order could read what everybody else does."""
    (await alice.get("/v3/audit")).refused(403, "forbidden")
    auditor = alice.by(await alice.office.person("auditor", "auditor", alice.office.client_id))
    page = (await auditor.get("/v3/audit?action=user.create")).json["items"]
    assert page
    assert {one["client"] for one in page} == {alice.office.client_id}
    assert {one["action"] for one in page} == {"user.create"}
    assert (await auditor.get("/v3/audit?since=2999-01-01T00:00:00Z")).json["items"] == []
    assert (await auditor.get(f"/v3/audit/{page[0]['id']}")).json == page[0]
    await alice.office.person("clerk", "ra-viewer", alice.office.other_id)
    chief = alice.by(alice.office.chief)
    [others] = (await chief.get(f"/v3/audit?action=user.create&client={alice.office.other_id}&limit=1")).json["items"]
    (await auditor.get(f"/v3/audit/{others['id']}")).refused(404, "not_found")
    (await auditor.get("/v3/audit?since=yesterday")).refused(400, "malformed")
