"""Account key rollover (RFC 8555 section 7.3.5)."""

import json
from typing import Any

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, SHOULD_NOT, clause, expect_refusal, expect_success
from conformance.acme.probe.client import Client
from conformance.acme.probe.jose import Json, PrivateKey, algorithm_of, encode, new_key, public_jwk, sign
from conformance.acme.probe.order import order
from conformance.acme.probe.transport import Answer
from conformance.expect import expect


def inner(client: Client, new: PrivateKey, payload: Json | None = None, **changes: Any) -> Json:
    """Return the inner JWS that asks for ``new``; ``changes`` replace its header's members, None leaves one out."""
    complete = {"alg": algorithm_of(new), "jwk": public_jwk(new), "url": client.directory["keyChange"], **changes}
    header = {name: value for name, value in complete.items() if value is not None}
    asked = {"account": client.url, "oldKey": public_jwk(client.key)} if payload is None else payload
    return sign(new, header, json.dumps(asked).encode())


def change(client: Client, body: Json | bytes) -> Answer:
    """Send a key change with this inner JWS."""
    return client.post(client.directory["keyChange"], body)


def expect_unchanged(ca: Ca, client: Client, body: Json | bytes) -> None:
    """Expect a key change to be refused, and the account to have its key still."""
    expect_refusal(change(client, body))
    expect_success(client.read(client.url))
    expect_refusal(ca.stranger(new_key()).register(onlyReturnExisting=True))


@clause("7.3.5", MUST)
def key_change(ca: Ca) -> None:
    """A good key change is answered with 200; then the new key is the account's, and the old one is nobody's."""
    client, new = ca.new_client(), new_key()
    expect_success(change(client, inner(client, new)))
    expect_refusal(client.read(client.url))
    expect_success(Client(ca.transport, ca.directory, new, client.url).read(client.url))
    expect_refusal(ca.stranger(client.key).register(onlyReturnExisting=True), "accountDoesNotExist")
    expect(ca.stranger(new).register().header("location") == client.url, "the new key has another account")


@clause("7.3.5", MUST)
def inner_jws_is_well_formed(ca: Ca) -> None:
    """The payload of the outer JWS must be a well-formed JWS."""
    client = ca.new_client()
    good = inner(client, new_key())
    for body in (b"", b"x", {}, {"protected": good["protected"]}, {"signatures": [good]}, good | {"header": {}}):
        expect_unchanged(ca, client, body)


@clause("7.3.5", MUST)
def inner_jws_has_a_jwk(ca: Ca) -> None:
    """The inner JWS must have a jwk."""
    client = ca.new_client()
    expect_unchanged(ca, client, inner(client, new_key(), jwk=None))
    expect_unchanged(ca, client, inner(client, new_key(), jwk=None, kid=client.url))


@clause("7.3.5", MUST)
def inner_jws_verifies(ca: Ca) -> None:
    """The inner JWS must verify with the key in its jwk."""
    client = ca.new_client()
    expect_unchanged(ca, client, inner(client, new_key(), jwk=public_jwk(new_key())))
    expect_unchanged(ca, client, inner(client, new_key()) | {"signature": encode(bytes(64))})
    expect_unchanged(ca, client, inner(client, new_key(), alg="none") | {"signature": ""})


@clause("7.3.5", MUST)
def key_change_object(ca: Ca) -> None:
    """The payload of the inner JWS must be a well-formed key-change object."""
    client = ca.new_client()
    old = public_jwk(client.key)
    for payload in ({"account": client.url}, {"oldKey": old}, {"account": 1, "oldKey": old}, {"x": 1}):
        expect_unchanged(ca, client, inner(client, new_key(), payload))


@clause("7.3.5", MUST)
def inner_url(ca: Ca) -> None:
    """The url of the inner JWS must be that of the outer one."""
    client = ca.new_client()
    expect_unchanged(ca, client, inner(client, new_key(), url=client.url))
    expect_unchanged(ca, client, inner(client, new_key(), url=None))


@clause("7.3.5", MUST)
def inner_nonce(ca: Ca) -> None:
    """The inner JWS must not have a nonce."""
    client = ca.new_client()
    expect_unchanged(ca, client, inner(client, new_key(), nonce=client.nonce()))


@clause("7.3.5", MUST)
def inner_account(ca: Ca) -> None:
    """The account in the inner JWS must be the one whose kid the outer JWS has."""
    client = ca.new_client()
    old = public_jwk(client.key)
    for account in (ca.other.url, client.url + "/", ""):
        expect_unchanged(ca, client, inner(client, new_key(), {"account": account, "oldKey": old}))


@clause("7.3.5", MUST)
def inner_old_key(ca: Ca) -> None:
    """The oldKey in the inner JWS must be the account's key."""
    client = ca.new_client()
    for old in (public_jwk(ca.other.key), public_jwk(new_key()), {}):
        expect_unchanged(ca, client, inner(client, new_key(), {"account": client.url, "oldKey": old}))


@clause("7.3.5", MUST)
def key_of_another_account(ca: Ca) -> None:
    """A key that an account has already, one's own too, is refused."""
    client = ca.new_client()
    expect_unchanged(ca, client, inner(client, ca.other.key))
    expect_unchanged(ca, client, inner(client, client.key))


@clause("7.3.5", MUST)
def key_change_by_an_active_account(ca: Ca) -> None:
    """A key change is asked for by an account that is active, and by nobody without one."""
    client = ca.new_client()
    client.post(client.url, {"status": "deactivated"})
    expect_refusal(change(client, inner(client, new_key())))
    stranger = ca.stranger()
    expect_refusal(change(stranger, inner(client, new_key())))


@clause("7.3.5", SHOULD)
def key_conflict(ca: Ca) -> None:
    """A key that another account has gets 409 with the URL of that account in Location."""
    client = ca.new_client()
    answer = expect_refusal(change(client, inner(client, ca.other.key)), status=409)
    expect(answer.header("location") == ca.other.url, f"Location is {answer.header('location')}")


@clause("7.3.5", SHOULD_NOT)
def key_change_changes_nothing_else(ca: Ca) -> None:
    """A key change changes nothing else of the account."""
    client, new = ca.stranger(), new_key()
    client.register(contact=["mailto:a@example.org"])
    before = client.read(client.url).json
    expect_success(change(client, inner(client, new)))
    after = Client(ca.transport, ca.directory, new, client.url).read(client.url).json
    for found in (before, after):
        found.pop("key", None)  # some servers show it
    expect(before == after, f"the account was {before} and is {after}")


@clause("7.3.5", MUST_NOT)
def key_change_keeps_orders(ca: Ca) -> None:
    """A key change does not invalidate pending orders and authorizations: they go on under the new key."""
    client, new = ca.new_client(), new_key()
    pending = order(client, ca.new_name())
    expect_success(change(client, inner(client, new)))
    client.key = new
    expect(pending.read()["status"] == "pending", f"the order is {pending.read()['status']}")
    expect(pending.authorize(ca.web).read()["status"] == "ready", "the order could not go on")
