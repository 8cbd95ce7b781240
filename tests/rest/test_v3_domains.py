"""Version 3: pre-validated domains, and what ACME clients have."""

from tests.rest.conversation import Conversation
from tests.rest.shop import Shop, acme_account

NOBODYS = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_a_domain_from_its_registration_to_its_end(alice: Conversation) -> None:
    """An integrator could not show control of a domain ahead of his orders."""
    client = alice.office.client_id
    made = await alice.post("/v3/domains", {"client": client, "names": ["bücher.example.com"]})
    assert made.status == 201, made.body
    [domain] = made.json
    assert (domain["name"], domain["unicodeName"]) == ("xn--bcher-kva.example.com", "bücher.example.com")
    assert (domain["status"], bool(domain["token"]["value"])) == ("PENDING", True)
    path = f"/v3/domains/{domain['id']}"
    listed = (await alice.get(f"/v3/domains?client={client}")).json["items"]
    assert listed == [domain] == [(await alice.get(path)).json]
    renewed = (await alice.post(f"{path}/token")).json
    assert renewed["token"]["value"] != domain["token"]["value"]
    assert (await alice.delete(f"{path}/token")).json["token"] is None
    (await alice.post(f"{path}/validate")).refused(409, "not_ready")
    gone = await alice.delete(path)
    assert (gone.status, gone.body) == (204, b"")
    (await alice.get(path)).refused(404, "not_found")


async def test_domains_of_another_client(alice: Conversation) -> None:
    """One tenant would take another's domains, or see them (abuse 46)."""
    client = alice.office.client_id
    [domain] = (await alice.post("/v3/domains", {"client": client, "names": ["example.com"]})).json
    bob, path = alice.by(alice.office.bob), f"/v3/domains/{domain['id']}"
    (await bob.get(f"/v3/domains?client={client}")).refused(404, "not_found")
    (await bob.post("/v3/domains", {"client": client, "names": ["example.com"]})).refused(404, "not_found")
    for method, suffix in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/validate"),
        ("POST", "/token"),
        ("DELETE", "/token"),
    ):
        (await bob.ask(method, path + suffix)).refused(404, "not_found")
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", client))
    assert (await viewer.get(path)).status == 200
    (await viewer.delete(path)).refused(403, "forbidden")


async def test_bad_domains(alice: Conversation) -> None:
    """What is no domain must be said by name, and too many must not be taken."""
    client = alice.office.client_id
    for names in ([], ["*.example.com"], ["a" * 300], ["example.com\n"], ["x.com"] * 101):
        answer = await alice.post("/v3/domains", {"client": client, "names": names})
        assert answer.status == 400, (names, answer.body)
    (await alice.get("/v3/domains?client=nobody")).refused(400, "malformed")


async def test_external_account_keys(alice: Conversation, shop: Shop) -> None:
    """Who binds ACME accounts would need the console; and the secret would be told twice."""
    chief = alice.by(alice.office.chief)
    wanted = {"client": alice.office.client_id, "products": [shop.product.id], "comment": "fleet"}
    made = await chief.post("/v3/external-account-keys", wanted)
    assert (made.status, len(made.json["hmac"])) == (201, 43), made.body
    key = made.json["key"]
    listed = await chief.get("/v3/external-account-keys")
    assert listed.json["items"] == [key]
    assert made.json["hmac"].encode() not in listed.body
    ended = (await chief.delete(f"/v3/external-account-keys/{key['id']}")).json
    assert (ended["status"], ended["revokedAt"] is None) == ("revoked", False)
    bob = alice.by(alice.office.bob)
    assert (await bob.get("/v3/external-account-keys")).json["items"] == []
    (await bob.delete(f"/v3/external-account-keys/{key['id']}")).refused(404, "not_found")
    (await bob.post("/v3/external-account-keys", wanted)).refused(404, "not_found")


async def test_acme_accounts_and_tokens(alice: Conversation) -> None:
    """An operator could not see what his Client's ACME clients do."""
    assert (await alice.get("/v3/acme-accounts?status=valid")).json == {"items": [], "next": None}
    assert (await alice.get("/v3/acme-tokens?enrolled=true&domain=example.com")).json["items"] == []
    (await alice.get(f"/v3/acme-accounts/acc-{NOBODYS}")).refused(404, "not_found")
    (await alice.get("/v3/acme-tokens?method=carrier-pigeon")).refused(400, "malformed")


async def test_an_account_is_ended_by_an_operator_of_its_client(alice: Conversation, shop: Shop) -> None:
    """A stolen account could be ended by its owner alone, who may have lost the key (RFC 8555 section 7.1.2)."""
    core, account = alice.office.core, acme_account(alice.office.core, shop.product)
    await core.store.write(lambda tx: tx.accounts.add(account))
    path = f"/v3/acme-accounts/{account.id}"
    viewer = alice.by(await alice.office.person("viewer", "ra-viewer", alice.office.client_id))
    (await viewer.post(f"{path}/deactivate")).refused(403, "forbidden")
    assert (await alice.get(path)).json["status"] == "valid"
    for _ in range(2):
        assert (await alice.post(f"{path}/deactivate")).json["status"] == "revoked"
    records = await core.store.read(lambda tx: tx.audit.of_object(account.id, 10))
    done = [(one.action, one.client_id, one.actor) for one in records]
    assert done == [("account.revoke", account.client_id, f"api-user:{alice.office.alice.user.id}")]


async def test_domains_are_searched_page_by_page(alice: Conversation) -> None:
    """A Client with many domains would get all of them, to find one."""
    client, other = alice.office.client_id, alice.office.other_id
    await alice.post("/v3/domains", {"client": client, "names": ["b.example.com", "a.example.com", "example.org"]})
    bob, chief = alice.by(alice.office.bob), alice.by(alice.office.chief)
    await bob.post("/v3/domains", {"client": other, "names": ["a.example.com"]})
    page = (await chief.get("/v3/domains?text=example.com&limit=2")).json
    assert [(one["name"], one["client"] in {client, other}) for one in page["items"]] == [("a.example.com", True)] * 2
    rest = (await chief.get(f"/v3/domains?text=example.com&limit=2&cursor={page['next']}")).json
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["b.example.com"], None)
    assert [one["name"] for one in (await bob.get("/v3/domains")).json["items"]] == ["a.example.com"]
    assert [one["name"] for one in (await alice.get("/v3/domains?text=*.org")).json["items"]] == ["example.org"]
