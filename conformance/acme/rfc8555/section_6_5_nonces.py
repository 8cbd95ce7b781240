"""Replay protection and rate limits (RFC 8555 sections 6.5, 6.6 and 7.2)."""

import re
from concurrent.futures import ThreadPoolExecutor

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, SHOULD, clause, expect_refusal, expect_success, unseen
from conformance.acme.probe.jose import encode
from conformance.acme.rfc8555.section_6_2_authentication import order_request, spoiled
from conformance.expect import expect

_NONCE = re.compile(r"[A-Za-z0-9_-]+")
_MANY = 50
_AT_ONCE = 8


@clause("6.5", MUST)
def nonce_in_every_success(ca: Ca) -> None:
    """Every successful answer to a POST has a Replay-Nonce."""
    _ = ca.issued
    answers = [answer for answer in ca.transport.seen if answer.method == "POST" and answer.status in range(200, 300)]
    for answer in answers:
        expect(answer.header("replay-nonce"), f"no Replay-Nonce in {answer}")


@clause("6.5", SHOULD)
def nonce_in_errors(ca: Ca) -> None:
    """Refusals have a Replay-Nonce as well."""
    url = ca.directory["newOrder"]
    for answer in (
        spoiled(ca, alg="none"),
        spoiled(ca, kid=ca.client.url + "x"),
        ca.client.send(url, b"{"),
        ca.client.send(url, ca.client.sign(url, {}), "text/plain"),
        ca.client.post(url, {"identifiers": []}),
        ca.client.read(ca.client.url + "x"),
    ):
        expect(answer.header("replay-nonce"), f"no Replay-Nonce in {answer}")


@clause("6.5", MUST)
def nonce_never_issued(ca: Ca) -> None:
    """A nonce that the server never issued gets 400 badNonce."""
    for nonce in (encode(bytes(32)), encode(bytes(16)), ca.client.nonce()[:-2] + "AA"):
        expect_refusal(spoiled(ca, nonce=nonce), "badNonce", status=400)


@clause("6.5", MUST)
def nonce_used_before(ca: Ca) -> None:
    """A nonce that a request was accepted with gets 400 badNonce when it comes again."""
    nonce = ca.client.nonce()
    expect_success(spoiled(ca, nonce=nonce), 201)
    expect_refusal(spoiled(ca, nonce=nonce), "badNonce", status=400)
    expect_refusal(ca.other.post(ca.other.url, nonce=nonce), "badNonce", status=400)


@clause("6.5", MUST)
def nonce_used_at_once(ca: Ca) -> None:
    """Of several requests with one nonce that arrive at once, one is accepted."""
    url, nonce = ca.directory["newOrder"], ca.client.nonce()
    bodies = [ca.client.sign(url, order_request(ca), nonce=nonce) for _ in range(_AT_ONCE)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda body: ca.client.send(url, body), bodies))
    accepted = [answer for answer in answers if answer.status not in range(400, 500)]
    expect(len(accepted) == 1, f"{len(accepted)} of {_AT_ONCE} were accepted")


@clause("6.5", MUST)
def nonce_of_a_refused_request(ca: Ca) -> None:
    """A nonce that a signed request was refused with is used up too."""
    nonce = ca.client.nonce()
    expect_refusal(ca.client.post(ca.directory["newOrder"], {"identifiers": []}, nonce=nonce))
    expect_refusal(spoiled(ca, nonce=nonce), "badNonce", status=400)


@clause("6.5", MUST)
def nonce_of_a_forged_request(ca: Ca) -> None:
    """A nonce that has appeared in a request is used up, also when the request's signature was wrong."""
    url, nonce = ca.directory["newOrder"], ca.client.nonce()
    forged = ca.client.sign(url, order_request(ca), nonce=nonce) | {"signature": encode(bytes(64))}
    expect_refusal(ca.client.send(url, forged))
    expect_refusal(spoiled(ca, nonce=nonce), "badNonce", status=400)


@clause("6.5", MUST)
def nonce_missing(ca: Ca) -> None:
    """A request without a nonce gets 400 badNonce."""
    expect_refusal(spoiled(ca, nonce=None), "badNonce", status=400)


@clause("6.5", MUST)
def bad_nonce_brings_a_good_one(ca: Ca) -> None:
    """A badNonce answer has a fresh nonce with which the request is accepted."""
    refused = spoiled(ca, nonce=encode(bytes(32)))
    fresh = refused.header("replay-nonce")
    expect(fresh, f"no Replay-Nonce in {refused}")
    expect_success(spoiled(ca, nonce=fresh), 201)


@clause("6.5.1", MUST)
def nonces_are_unique(ca: Ca) -> None:
    """Nonces are unique to each message, and have no part that could be counted on."""
    nonces = [ca.client.nonce() for _ in range(_MANY)]
    expect(len(set(nonces)) == _MANY, "a nonce was given twice")
    changing = sum(len({nonce[place] for nonce in nonces}) > 1 for place in range(min(map(len, nonces))))
    expect(changing >= 11, f"only {changing} characters differ between nonces")


@clause("6.5.1", MUST)
def nonces_are_base64url(ca: Ca) -> None:
    """A Replay-Nonce is base64url, without padding."""
    for answer in ca.transport.seen:
        for nonce in answer.all("replay-nonce"):
            expect(_NONCE.fullmatch(nonce), f"{nonce} is no base64url")


@clause("6.5.2", MUST)
def nonce_is_protected(ca: Ca) -> None:
    """The nonce stands in the protected header: beside it, it does not count."""
    url = ca.directory["newOrder"]
    body = ca.client.sign(url, order_request(ca), nonce=None)
    expect_refusal(ca.client.send(url, body | {"header": {"nonce": ca.client.nonce()}}))
    expect_refusal(ca.client.send(url, body | {"nonce": ca.client.nonce()}))


@clause("6.5.2", MUST)
def nonce_of_other_characters(ca: Ca) -> None:
    """A nonce that is not base64url gets malformed."""
    for nonce in ("a+b/", "AAAA====", "not a nonce", ca.client.nonce() + "=", 17):
        expect_refusal(spoiled(ca, nonce=nonce), "malformed")


unseen(
    __name__,
    "6.6",
    MUST,
    "A request that exceeds a rate limit gets rateLimited.",
    "The limits are the operator's; exceeding them would shut this suite out.",
)
unseen(
    __name__,
    "6.6",
    SHOULD,
    "A rateLimited answer says in Retry-After when the request may succeed.",
    "The limits are the operator's; exceeding them would shut this suite out.",
)


@clause("7.2", MUST)
def head_new_nonce(ca: Ca) -> None:
    """HEAD newNonce has a fresh Replay-Nonce."""
    answer = ca.transport.send("HEAD", ca.directory["newNonce"])
    expect_success(spoiled(ca, nonce=answer.header("replay-nonce")), 201)


@clause("7.2", SHOULD)
def head_new_nonce_status(ca: Ca) -> None:
    """HEAD newNonce has status 200."""
    expect_success(ca.transport.send("HEAD", ca.directory["newNonce"]))


@clause("7.2", MUST)
def get_new_nonce(ca: Ca) -> None:
    """GET newNonce has status 204, an empty body and a Replay-Nonce."""
    answer = expect_success(ca.transport.send("GET", ca.directory["newNonce"]), 204)
    expect(not answer.body, "the body is not empty")
    expect_success(spoiled(ca, nonce=answer.header("replay-nonce")), 201)


@clause("7.2", MUST)
def new_nonce_is_not_cached(ca: Ca) -> None:
    """newNonce answers have Cache-Control with no-store."""
    for method in ("HEAD", "GET"):
        answer = ca.transport.send(method, ca.directory["newNonce"])
        expect("no-store" in answer.header("cache-control").lower(), f"no no-store in the answer to {method}")
