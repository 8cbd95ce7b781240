"""Responding to challenges, deactivating authorizations (RFC 8555 section 7.5)."""

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD_NOT, clause, expect_refusal, expect_success
from conformance.acme.probe.order import Challenge, Order, csr, order
from conformance.expect import expect


def http_challenge(placed: Order) -> Challenge:
    """Return the http-01 challenge of the order's first authorization."""
    found = placed.authorizations[0].challenge("http-01")
    if found is None:
        raise ValueError("no http-01 is offered")
    return found


@clause("7.5.1", MUST)
def challenge_response(ca: Ca) -> None:
    """A response to a challenge is answered with 200 and the challenge."""
    challenge = http_challenge(order(ca.client, ca.new_name()))
    ca.web.answer(challenge.token, challenge.key_authorization)
    answer = expect_success(ca.client.post(challenge.url, {}))
    expect(answer.json.get("url") == challenge.url, f"it is {answer.json}")
    expect(answer.json.get("type") == "http-01", f"it is {answer.json}")


@clause("7.1", MUST)
def challenge_up_link(ca: Ca) -> None:
    """A challenge has a Link with the relation up to its authorization."""
    placed = order(ca.client, ca.new_name())
    links = ca.client.read(http_challenge(placed).url).links("up")
    expect(links == [placed.authorizations[0].url], f"up is {links}")


@clause("7.5.1", MUST)
def unknown_response_fields(ca: Ca) -> None:
    """Fields of the response that the challenge type does not have are ignored."""
    placed = order(ca.client, ca.new_name())
    challenge = http_challenge(placed)
    ca.web.answer(challenge.token, challenge.key_authorization)
    expect_success(ca.client.post(challenge.url, {"keyAuthorization": "x", "resource": "challenge", "y": [1]}))
    expect(placed.authorizations[0].decided()["status"] == "valid", f"it is {placed.authorizations[0].read()}")


@clause("7.5.1", MUST)
def invalid_response(ca: Ca) -> None:
    """A response that is no JSON object gets an error, and begins no validation."""
    placed = order(ca.client, ca.new_name())
    challenge = http_challenge(placed)
    for payload in (b"[]", b"null", b"x", b'"x"', b"{"):
        expect_refusal(ca.client.post(challenge.url, payload))
    expect(placed.authorizations[0].read()["status"] == "pending", "a validation was begun")
    expect(not ca.web.asked(challenge.token), "the web server was asked")


@clause("7.5.1", MUST)
def response_by_the_owner(ca: Ca) -> None:
    """A challenge is responded to by the account of its authorization, and by no other."""
    placed = order(ca.client, ca.new_name())
    challenge = http_challenge(placed)
    ca.web.answer(challenge.token, challenge.key_authorization)
    expect_refusal(ca.other.post(challenge.url, {}))
    expect(placed.authorizations[0].read()["status"] == "pending", "another account began the validation")


@clause("7.5.1", MUST)
def valid_authorization_expires(ca: Ca) -> None:
    """An authorization that has become valid has an expires field."""
    placed = order(ca.client, ca.new_name())
    found = placed.authorizations[0].respond_by_http(ca.web)
    expect(found["status"] == "valid" and found.get("expires"), f"the authorization is {found}")


@clause("7.5.1", SHOULD_NOT)
def failed_challenge_stays(ca: Ca) -> None:
    """A challenge that has failed is not removed from its authorization."""
    found = order(ca.client, ca.new_name()).authorizations[0].respond_by_http(ca.web, "wrong")
    expect([one for one in found["challenges"] if one["status"] == "invalid"], f"the challenges are {found}")


@clause("7.5.1", MUST)
def polling(ca: Ca) -> None:
    """Polling an authorization while its validation is in progress is answered with 200."""
    placed = order(ca.client, ca.new_name())
    challenge = http_challenge(placed)
    ca.web.answer(challenge.token, challenge.key_authorization)
    ca.client.post(challenge.url, {})
    for _ in range(3):
        expect_success(ca.client.read(placed.authorizations[0].url))
        expect_success(ca.client.read(challenge.url))


@clause("7.5.2", MUST)
def deactivated_by_the_owner(ca: Ca) -> None:
    """An authorization is deactivated by its account, which is answered with 200, and by no other."""
    authorization = order(ca.client, ca.new_name()).authorizations[0]
    expect_refusal(ca.other.post(authorization.url, {"status": "deactivated"}))
    expect(authorization.read()["status"] == "pending", "another account deactivated it")
    answer = expect_success(ca.client.post(authorization.url, {"status": "deactivated"}))
    expect(answer.json.get("status") == "deactivated", f"it is {answer.json.get('status')}")


@clause("7.5.2", MUST_NOT)
def deactivated_is_not_sufficient(ca: Ca) -> None:
    """A deactivated authorization does not suffice for a certificate: not in its order, not in a later one."""
    ready = ca.ready()
    name = ready.placed.json["identifiers"][0]["value"]
    ca.client.post(ready.authorizations[0].url, {"status": "deactivated"})
    expect_refusal(ready.finalize(csr(name)))
    later = order(ca.client, name)
    expect(later.placed.json["status"] == "pending", f"a later order is {later.placed.json['status']}")
