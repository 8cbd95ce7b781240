"""External account binding (RFC 8555 section 7.3.4)."""

import json
from collections.abc import Iterator

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, clause, expect_refusal, expect_success
from conformance.acme.probe.client import Client
from conformance.acme.probe.jose import Json, decode, mac, new_key, public_jwk, sign
from conformance.expect import NotOfferedError, expect


def applicant(ca: Ca) -> Client:
    """Return a client without an account at the directory that demands a binding."""
    url = ca.options.eab_directory or ca.options.directory
    directory = ca.transport.send("GET", url).json
    if not directory.get("meta", {}).get("externalAccountRequired"):
        raise NotOfferedError("no directory that demands a binding was named")
    return Client(ca.transport, directory)


def key(ca: Ca) -> tuple[str, bytes]:
    """Return the kid and the MAC key that this run was given; the good binding is the last to use it."""
    if not ca.options.eab:
        raise NotOfferedError("no key for a binding was named")
    kid, secret = ca.options.eab[0]
    return kid, decode(secret)


def binding(client: Client, kid: str, secret: bytes, payload: Json | None = None, /, **changes: object) -> Json:
    """Return an externalAccountBinding for the client's key; ``changes`` replace members of its header."""
    header = {"alg": "HS256", "kid": kid, "url": client.directory["newAccount"], **changes}
    complete = {name: value for name, value in header.items() if value is not None}
    return mac(secret, complete, json.dumps(payload or public_jwk(client.key)).encode())


def wrong_bindings(client: Client, kid: str, secret: bytes) -> Iterator[tuple[str, object]]:
    """Yield bindings that must be refused, and what is wrong with each."""
    good = binding(client, kid, secret)
    yield "no JWS", "x"
    yield "no object", []
    yield "no signature", {name: good[name] for name in ("protected", "payload")}
    yield "two signatures", {"payload": good["payload"], "signatures": [good]}
    yield "another key's MAC", binding(client, kid, bytes(32))
    yield "an empty MAC", good | {"signature": ""}
    yield "an unknown kid", binding(client, f"{kid}x", secret)
    yield "no kid", binding(client, kid, secret, kid=None)
    yield "a nonce", binding(client, kid, secret, nonce=client.nonce())
    yield "another url", binding(client, kid, secret, url=client.directory["newOrder"])
    yield "no url", binding(client, kid, secret, url=None)
    yield "alg none", binding(client, kid, secret, alg="none")
    yield "no alg", binding(client, kid, secret, alg=None)
    yield "another account key", binding(client, kid, secret, public_jwk(new_key()))
    yield "no key", binding(client, kid, secret, {"x": 1})
    header = {"alg": "ES256", "kid": kid, "url": client.directory["newAccount"]}
    yield "a signature that is no MAC", sign(client.key, header, json.dumps(public_jwk(client.key)).encode())


@clause("7.3.4", MUST)
def binding_demanded_in_the_directory(ca: Ca) -> None:
    """A CA that requires a binding says so with externalAccountRequired: true."""
    if ca.stranger().register().status not in {200, 201}:
        expect(ca.meta.get("externalAccountRequired") is True, "accounts are refused, but the directory says nothing")
    applicant(ca)


@clause("7.3.4", SHOULD)
def binding_missing(ca: Ca) -> None:
    """newAccount without the binding that is required gets externalAccountRequired."""
    expect_refusal(applicant(ca).register(), "externalAccountRequired")


@clause("7.3.4", MUST_NOT)
def unverified_binding_is_not_reflected(ca: Ca) -> None:
    """A CA that does not verify a binding does not reflect it in the account object."""
    client = ca.stranger()
    answer = client.register(externalAccountBinding=binding(client, "unheard-of", bytes(32)))
    if answer.status == 201:
        expect("externalAccountBinding" not in answer.json, "it was reflected")


@clause("7.3.4", MUST)
def wrong_binding_is_rejected(ca: Ca) -> None:
    """A binding that fails any of the five checks is rejected, and makes no account."""
    client = applicant(ca)
    for wrong, value in wrong_bindings(client, *key(ca)):
        answer = client.register(externalAccountBinding=value)
        expect(answer.status in range(400, 500), f"with {wrong}: {answer}")
    expect_refusal(client.register(onlyReturnExisting=True), "accountDoesNotExist")


@clause("7.3.4", MUST)
def good_binding_is_reflected(ca: Ca) -> None:
    """The account object that is made with a good binding has it as it was sent."""
    client = applicant(ca)
    good = binding(client, *key(ca))
    answer = expect_success(client.register(externalAccountBinding=good), 201)
    expect(answer.json.get("externalAccountBinding") == good, f"the account is {answer.json}")
