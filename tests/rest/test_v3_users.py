"""Version 3: users, roles and API keys."""

from dataclasses import replace

import pytest

from ca_core.access import sign_in_links
from ca_core.model.errors import TriviumError
from tests.rest.conversation import Conversation

NOBODYS = "0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"


async def test_a_user_from_his_making_to_his_change(alice: Conversation) -> None:
    """Users would be made at the console alone, and two who change one would undo each other's work."""
    chief, client = alice.by(alice.office.chief), alice.office.client_id
    wanted = {"name": "shop", "kind": "service-account", "role": "ra-operator", "client": client}
    made = await chief.post("/v3/users", wanted)
    assert made.status == 201, made.body
    assert len(made.json["key"]["secret"]) == 64
    (await chief.post("/v3/users", wanted)).refused(409, "conflict")
    user = await chief.get("/v3/users/shop")
    assert user.json == made.json["user"]
    assert made.json["key"]["secret"].encode() not in user.body
    change = {"email": "shop@example.com", "personal": {"lastName": "Shop", "language": "de"}}
    (await chief.patch("/v3/users/shop", change)).refused(428, "precondition_required")
    changed = await chief.patch("/v3/users/shop", change, If_Match=user.headers["etag"])
    assert (changed.json["email"], changed.json["personal"]["lastName"]) == ("shop@example.com", "Shop")
    (await chief.patch("/v3/users/shop", change, If_Match=user.headers["etag"])).refused(412, "precondition_failed")
    names = [one["name"] for one in (await chief.get(f"/v3/users?client={client}")).json["items"]]
    assert "shop" in names
    for text in ("SHO", "sh*", "@example.com"):
        assert [one["name"] for one in (await chief.get(f"/v3/users?text={text}")).json["items"]] == ["shop"], text
    (await chief.patch("/v3/users/shop", {"suspended": None}, If_Match="*")).refused(400, "malformed")


async def test_the_new_key_signs_at_once(alice: Conversation) -> None:
    """A user who is made could do nothing."""
    chief = alice.by(alice.office.chief)
    wanted = {"name": "shop", "kind": "service-account", "role": "ra-viewer", "client": alice.office.client_id}
    secret = (await chief.post("/v3/users", wanted)).json["key"]["secret"]
    issued = await alice.by(None).post("/v3/tokens", {"user": "shop", "secret": secret})
    assert issued.status == 200, issued.body
    token = issued.json["token"]
    me = await alice.by(None).get("/v3/me", Authorization=f"Bearer {token}")
    assert me.json["user"]["name"] == "shop"
    assert "ORDER_VIEW" in me.json["permissions"][alice.office.client_id]
    refused = [
        (await alice.by(None).post("/v3/tokens", {"user": user, "secret": wrong})).refused(401, "unauthenticated")
        for user, wrong in (("shop", "x" * 64), ("nobody", secret), ("no body", secret))
    ]
    assert len(set(refused)) == 1


async def test_roles_are_given_and_taken(alice: Conversation) -> None:
    """A user could not do more for another Client, or less."""
    chief, office = alice.by(alice.office.chief), alice.office
    more = await chief.post("/v3/users/alice/roles", {"role": "ra-viewer", "client": office.other_id})
    assert {"role": "ra-viewer", "client": office.other_id} in more.json
    assert (await chief.get("/v3/users/alice/roles")).json == more.json
    path = f"/v3/users/alice/roles/ra-viewer?client={office.other_id}"
    assert (await chief.delete(path)).status == 204
    (await chief.delete(path)).refused(404, "not_found")
    (await chief.post("/v3/users/alice/roles", {"role": "king", "client": office.other_id})).refused(404, "not_found")


async def test_nobody_raises_himself(alice: Conversation) -> None:
    """An operator of one Client could make himself one of the CA (abuse 47)."""
    office = alice.office
    (await alice.post("/v3/users/alice/roles", {"role": "ca-operator", "client": None})).refused(403, "forbidden")
    answer = await alice.post("/v3/users/alice/roles", {"role": "ca-operator", "client": office.client_id})
    assert answer.status in {403, 404}, answer.body
    (await alice.get("/v3/users/bob")).refused(404, "not_found")
    (await alice.patch("/v3/users/bob", {"email": "a@example.com"}, If_Match="*")).refused(404, "not_found")
    (await alice.get("/v3/users/bob/api-keys")).refused(404, "not_found")
    made = {"name": "mole", "kind": "operator", "role": "ra-operator", "client": office.other_id}
    (await alice.post("/v3/users", made)).refused(404, "not_found")


async def test_a_key_is_renewed_restricted_and_deleted(alice: Conversation) -> None:
    """A key that leaked could not be replaced without an interruption, or not be ended."""
    office, chief = alice.office, alice.by(alice.office.chief)
    [key] = (await alice.get("/v3/users/alice/api-keys")).json
    renewed = await alice.post(f"/v3/api-keys/{key['id']}/renew")
    assert renewed.status == 201, renewed.body
    fresh = alice.by(replace(office.alice, key=replace(office.alice.key, secret=renewed.json["secret"])))
    assert [(await one.get("/v3/me")).status for one in (alice, fresh)] == [200, 200]
    office.clock.advance(days=8)
    (await alice.get("/v3/me")).refused(401, "unauthenticated")
    path = f"/v3/api-keys/{renewed.json['key']['id']}"
    tag = (await fresh.get(path)).headers["etag"]
    elsewhere = await fresh.patch(path, {"networks": ["192.0.2.0/24"]}, If_Match=tag)
    assert elsewhere.json["networks"] == ["192.0.2.0/24"], elsewhere.body
    (await fresh.get("/v3/me")).refused(401, "unauthenticated")  # the test calls from 127.0.0.1
    assert (await chief.delete(path)).status == 204
    (await chief.get(path)).refused(404, "not_found")
    (await alice.by(office.bob).get(f"/v3/api-keys/{key['id']}")).refused(404, "not_found")


async def test_only_the_ca_deletes_keys(alice: Conversation) -> None:
    """An operator could cut his colleague off."""
    [key] = (await alice.get("/v3/users/alice/api-keys")).json
    (await alice.delete(f"/v3/api-keys/{key['id']}")).refused(403, "forbidden")


async def test_a_replayed_creation_shows_the_secret_again_and_makes_no_second(alice: Conversation) -> None:
    """A lost answer would be a lost key; and the kept answer must not stand in the database in clear (abuse 49, 75)."""
    chief = alice.by(alice.office.chief)
    wanted = {"client": alice.office.client_id, "networks": []}
    first, again = [
        await chief.post("/v3/users/alice/api-keys", wanted, Idempotency_Key="one-key-for-alice") for _ in range(2)
    ]
    assert (first.status, first.body) == (201, again.body)
    assert len((await chief.get("/v3/users/alice/api-keys")).json) == 2
    kept = await alice.office.core.store.read(
        lambda tx: tx.idempotent_requests.get(
            f"api-user:{alice.office.chief.user.id}", "one-key-for-alice", alice.office.clock.now()
        )
    )
    assert kept is not None
    assert kept.sealed_answer is not None
    assert first.json["secret"].encode() not in kept.sealed_answer


async def test_ones_own_account(alice: Conversation) -> None:
    """A user could not see what he may do, nor say what language he reads."""
    office = alice.office
    me = await alice.get("/v3/me")
    assert me.json["user"]["name"] == "alice"
    [held] = me.json["roles"]
    assert (held["role"], held["client"]) == ("ra-operator", office.client_id)
    assert held["permissions"] == me.json["permissions"][office.client_id]
    assert me.json["everywhere"] == []
    changed = await alice.patch("/v3/me", {"language": "fr", "mute": True}, If_Match=me.headers["etag"])
    assert (changed.status, changed.json["personal"]["language"]) == (200, "fr"), changed.body
    (await alice.patch("/v3/me", {"language": "fr"}, If_Match=me.headers["etag"])).refused(412, "precondition_failed")
    (await alice.patch("/v3/me", {"mute": "yes"}, If_Match="*")).refused(400, "malformed")


async def test_an_invitation_needs_an_address_and_a_mail_server(alice: Conversation) -> None:
    """Whoever invites would believe that a mail is under way which nobody sent."""
    chief = alice.by(alice.office.chief)
    (await chief.post("/v3/users/alice/invite")).refused(400, "malformed")
    await chief.patch("/v3/users/alice", {"email": "alice@example.com"}, If_Match="*")
    (await chief.post("/v3/users/alice/invite")).refused(409, "not_ready")
    (await alice.by(alice.office.bob).post("/v3/users/alice/invite")).refused(404, "not_found")


async def test_a_sign_in_link_is_made_once_and_for_who_may_do_no_more(alice: Conversation) -> None:
    """Where no mail is sent, nobody could be let in; or an operator would sign in as somebody above him (abuse 44)."""
    chief, office = alice.by(alice.office.chief), alice.office
    made = await chief.post("/v3/users/alice/sign-in-link")
    assert made.status == 201, made.body
    base, token = made.json["address"].split("#")
    assert base == "https://ra.example.com/admin/sign-in/link"
    again = (await chief.post("/v3/users/alice/sign-in-link")).json["address"].split("#")[1]
    with pytest.raises(TriviumError):
        await sign_in_links.redeem(office.core, token)
    assert (await sign_in_links.redeem(office.core, again)).id == office.alice.user.id
    with pytest.raises(TriviumError):
        await sign_in_links.redeem(office.core, again)
    (await alice.post("/v3/users/alice/sign-in-link")).refused(403, "forbidden")
    (await alice.by(office.bob).post("/v3/users/alice/sign-in-link")).refused(404, "not_found")
    records = (await chief.get("/v3/audit?action=sign-in-link.create")).json["items"]
    assert len(records) == 2
    assert token not in str(records)
