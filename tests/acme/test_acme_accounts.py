"""Accounts over HTTP (RFC 8555 section 7.3; rules 22, 26, 46; acme.md facts 7 and 12)."""

import asyncio
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ca_core.access import accounts
from ca_core.keys.policy import spki_sha256
from ca_core.model.orders import OrderState
from ca_core.orders import queries, worker
from tests.acme.acme_client import AcmeClient, Answer
from tests.acme.acme_server import EXTERNAL_URL, AcmeServer
from tests.acme.signing import Json, PrivateKey, b64, envelope, jwk_of
from tests.orders.workshop import CONSOLE

BASE = f"{EXTERNAL_URL}/acme"


async def test_register_then_find(server: AcmeServer) -> None:
    """201 with Location for a new key, 200 with the same one for a known key (fact 7, RFC 8555 section 7.3.1)."""
    client = await server.client()
    first = await client.register(contact=["mailto:a@example.org"])
    assert first.status == 201
    assert first.header("location").startswith(f"{BASE}/account/acc-")
    assert first.json == {
        "status": "valid",
        "contact": ["mailto:a@example.org"],
        "orders": f"{first.header('location')}/orders",
        "termsOfServiceAgreed": True,
    }
    again = await client.register(contact=["mailto:other@example.org"], unknown="field")
    assert again.status == 200
    assert again.header("location") == first.header("location")
    assert again.json == first.json
    found = await client.post_by_key(client.directory["newAccount"], {"onlyReturnExisting": True})
    assert (found.status, found.json) == (200, first.json)
    assert found.header("location") == first.header("location")


async def test_only_return_existing(server: AcmeServer) -> None:
    """A look-up would make an account; ACMESharp takes a failed look-up only as 400 (facts 7 and 17)."""
    client = await server.client()
    for _ in range(2):
        answer = await client.register(onlyReturnExisting=True)
        assert (answer.status, answer.problem) == (400, "accountDoesNotExist")


async def test_parallel_registrations_make_one_account(server: AcmeServer) -> None:
    """One key with two accounts would be one of them at random (RFC 8555 section 7.3.1)."""
    client = await server.client()
    answers = await asyncio.gather(
        *(client.post_by_key(client.directory["newAccount"], {"contact": []}) for _ in range(20))
    )
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.header("location") for answer in answers}) == 1


async def test_terms_must_be_agreed_to_where_there_are_some(server: AcmeServer) -> None:
    """RFC 8555 section 7.3: the server MUST reject a new account that does not agree to the terms."""
    told = server.with_directory(terms_url="https://ca.example/terms")
    client = await told.client()
    for agreed in ({}, {"termsOfServiceAgreed": False}):
        answer = await client.post_by_key(client.directory["newAccount"], agreed)
        assert (answer.status, answer.problem) == (403, "userActionRequired")
        assert answer.json["instance"] == "https://ca.example/terms"
        assert answer.json["id"].startswith("err-")
        assert '<https://ca.example/terms>;rel="terms-of-service"' in answer.all("link")
    assert (
        await client.post_by_key(client.directory["newAccount"], {"termsOfServiceAgreed": "yes"})
    ).problem == "malformed"
    assert (await client.register()).status == 201


@pytest.mark.parametrize(
    "contact",
    [
        [],
        ["mailto:a@example.org"],
        ["mailto:a@example.org", "mailto:b+tag@sub.example.org"],
        ["MAILTO:A.b@Example.org"],
        ["mailto:root@localhost"],
    ],
)
async def test_contacts_are_kept_as_they_are(client: AcmeClient, contact: list[str]) -> None:
    """A user could not set, change or delete an address (fact 12, RFC 8555 section 7.3.2)."""
    answer = await client.post(client.kid, {"contact": contact})
    assert (answer.status, answer.json["contact"]) == (200, contact)
    assert (await client.post(client.kid)).json["contact"] == contact


@pytest.mark.parametrize(
    ("contact", "problem"),
    [
        (["mailto:a@example.org?subject=x"], "invalidContact"),
        (["mailto:a@example.org,b@example.org"], "invalidContact"),
        (["mailto:a@example.org%2Cb@example.org"], "invalidContact"),
        (["mailto:a@example.org\r\nBcc: b@example.org"], "invalidContact"),
        (["mailto:a@example.org\n"], "invalidContact"),
        (["mailto:"], "invalidContact"),
        (["mailto:a"], "invalidContact"),
        (["mailto:@example.org"], "invalidContact"),
        (["mailto:a@"], "invalidContact"),
        (["mailto:a@-example.org"], "invalidContact"),
        (["mailto:a@exämple.org"], "invalidContact"),
        (["mailto:a..b@example.org"], "invalidContact"),
        (["mailto:" + "a" * 250 + "@example.org"], "invalidContact"),
        (["a@example.org"], "invalidContact"),
        ([""], "invalidContact"),
        (["mailto:a@example.org"] * 11, "invalidContact"),
        (["tel:+12025551212"], "unsupportedContact"),
        (["https://example.org"], "unsupportedContact"),
        ("mailto:a@example.org", "malformed"),
        ([5], "malformed"),
        ({}, "malformed"),
    ],
)
async def test_other_contacts_are_refused_by_type(
    server: AcmeServer, client: AcmeClient, contact: Any, problem: str
) -> None:
    """A mail to an account could go to an address that its owner never gave (fact 12, abuse 44)."""
    assert (await client.post(client.kid, {"contact": contact})).problem == problem
    newcomer = await server.client()
    assert (await newcomer.register(contact=contact)).problem == problem
    assert (await newcomer.register(onlyReturnExisting=True)).problem == "accountDoesNotExist"


@pytest.mark.parametrize(
    "update", [{}, {"status": "valid"}, {"status": 5}, {"orders": "x"}, {"termsOfServiceAgreed": False}, {"x": 1}]
)
async def test_updates_of_other_fields_are_ignored(client: AcmeClient, update: Json) -> None:
    """RFC 8555 section 7.3.2: the server MUST ignore updates to these fields."""
    before = (await client.post(client.kid)).json
    answer = await client.post(client.kid, update)
    assert (answer.status, answer.json) == (200, before)


async def test_every_change_is_audited(server: AcmeServer, client: AcmeClient) -> None:
    """Nobody could say who changed an account, and when (rule 89)."""
    await client.post(client.kid, {"contact": ["mailto:a@example.org"]})
    assert (await change_key(client, ec.generate_private_key(ec.SECP256R1()))).status == 200
    await client.post(client.kid, {"status": "deactivated"})
    account_id = client.kid.rpartition("/")[2]
    records = await server.core.store.read(lambda tx: tx.audit.of_object(account_id, 10))
    actions = {"account.register", "account.update", "account.change-key", "account.deactivate"}
    assert {record.action for record in records} == actions
    assert {record.actor for record in records} == {f"acme-account:{account_id}"}
    assert {record.details["address"] for record in records} == {"192.0.2.7"}


@pytest.mark.parametrize("by", ["itself", "an operator"])
async def test_pending_orders_of_an_ended_account_are_stopped(server: AcmeServer, client: AcmeClient, by: str) -> None:
    """RFC 8555 section 7.3.6: the server SHOULD cancel the pending operations of the account (rule 48)."""
    account_id = client.kid.rpartition("/")[2]
    issued, ready = await server.issued_order(client, "a.test"), await server.ready_order(client, "b.test")
    if by == "itself":
        await client.post(client.kid, {"status": "deactivated"})
    else:
        assert (await accounts.revoke(server.core, account_id, CONSOLE)).status == "revoked"
    answer = await client.post(client.kid, {})
    assert (answer.status, answer.problem) == (401, "unauthorized")
    assert (await accounts.revoke(server.core, account_id, CONSOLE)).status != "valid"
    await worker.run_due(server.core)
    orders = {name: one.header("location").rpartition("/")[2] for name, one in (("a", issued), ("b", ready))}
    found = {name: (await queries.get(server.core, one, CONSOLE)).order for name, one in orders.items()}
    assert {name: order.state for name, order in found.items()} == {"a": OrderState.ISSUED, "b": OrderState.FAILED}
    assert found["b"].error is not None
    assert "account that ordered is" in found["b"].error.detail
    records = await server.core.store.read(lambda tx: tx.audit.of_object(account_id, 10))
    ended = [one.action for one in records if one.action in {"account.deactivate", "account.revoke"}]
    assert ended == ["account.deactivate" if by == "itself" else "account.revoke"]


async def test_weak_and_blocked_keys_are_no_account_keys(server: AcmeServer) -> None:
    """The key policy would stand at one door only (rules 22-26, 30)."""
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is there to be refused
    odd = rsa.generate_private_key(3, 2048)
    blocked = ec.generate_private_key(ec.SECP256R1())
    digest = spki_sha256(blocked.public_key())
    await server.core.store.write(lambda tx: tx.blocked_keys.add(digest, "keyCompromise", server.core.sources.now()))
    for key in (small, odd, blocked):
        client = await server.client(key)
        answer = await client.register()
        assert (answer.status, answer.problem) == (400, "badPublicKey")
    good = await server.account()
    assert (await change_key(good, blocked)).problem == "badPublicKey"
    assert (await change_key(good, odd)).problem == "badPublicKey"
    assert (await good.post(good.kid)).status == 200


async def change_key(client: AcmeClient, new_key: PrivateKey, **changes: Any) -> Answer:
    """Ask for a key change; ``changes`` spoil the inner JWS: its header, ``payload`` or ``signed_by``."""
    url = client.directory["keyChange"]
    payload = changes.pop("payload", {"account": client.kid, "oldKey": jwk_of(client.key)})
    signed_by = changes.pop("signed_by", new_key)
    header = {"alg": _algorithm(new_key), "jwk": jwk_of(new_key), "url": url} | changes
    inner = envelope(signed_by, {name: value for name, value in header.items() if value is not None}, payload)
    answer = await client.post(url, inner)
    if answer.status == 200:
        client.key = new_key
    return answer


def _algorithm(key: PrivateKey) -> str:
    return (
        "RS256"
        if isinstance(key, rsa.RSAPrivateKey)
        else "EdDSA"
        if isinstance(key, ed25519.Ed25519PrivateKey)
        else "ES256"
    )


async def test_a_key_change_changes_the_key(server: AcmeServer, client: AcmeClient) -> None:
    """The account could not be used with its new key, or still with the old one (RFC 8555 section 7.3.5)."""
    old = client.key
    answer = await change_key(client, ed25519.Ed25519PrivateKey.generate())
    assert answer.status == 200
    assert (await client.post(client.kid)).status == 200
    assert (await server.issued_order(client, "a.test")).json["status"] == "valid"
    client.key = old
    assert (await client.post(client.kid)).status == 400
    newcomer = await server.client(old)
    assert (await newcomer.register(onlyReturnExisting=True)).problem == "accountDoesNotExist"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: {"nonce": "AAAA"},
        lambda _: {"jwk": None},
        lambda c: {"jwk": None, "kid": c.kid},
        lambda _: {"url": f"{BASE}/new-order"},
        lambda _: {"url": None},
        lambda c: {"signed_by": c.key},
        lambda c: {"payload": {"account": c.kid}},
        lambda c: {"payload": {"oldKey": jwk_of(c.key)}},
        lambda c: {"payload": {"account": c.kid + "/", "oldKey": jwk_of(c.key)}},
        lambda c: {"payload": {"account": c.kid[:-1] + "01"[c.kid[-1] == "0"], "oldKey": jwk_of(c.key)}},
        lambda c: {"payload": {"account": c.kid, "oldKey": jwk_of(ec.generate_private_key(ec.SECP256R1()))}},
        lambda c: {"payload": {"account": c.kid, "oldKey": "key"}},
        lambda _: {"payload": b""},
        lambda _: {"payload": b"[]"},
        lambda _: {"crit": ["x"]},
    ],
)
async def test_key_changes_that_prove_nothing(client: AcmeClient, spoil: Any) -> None:
    """An account could be taken over, or given a key that nobody holds (rule 46, abuse 19)."""
    answer = await change_key(client, ec.generate_private_key(ec.SECP256R1()), **spoil(client))
    assert (answer.status, answer.problem) == (400, "malformed")
    assert (await client.post(client.kid)).status == 200


async def test_a_key_that_has_an_account_is_a_conflict(server: AcmeServer, client: AcmeClient) -> None:
    """409 with the Location of the account that has the key (rule 46, RFC 8555 section 7.3.5)."""
    other = await server.account()
    answer = await change_key(client, other.key)
    assert (answer.status, answer.problem) == (409, "malformed")
    assert answer.header("location") == other.kid
    itself = await change_key(client, client.key)
    assert (itself.status, itself.header("location")) == (409, client.kid)


async def test_a_payload_that_is_no_key_change(client: AcmeClient) -> None:
    """A POST-as-GET or a plain object would be a 500 (rule 43)."""
    for payload in (b"", {}, {"protected": "x"}, b"\xff", json.dumps([b64(b"x")]).encode()):
        assert (await client.post(client.directory["keyChange"], payload)).problem == "malformed"
