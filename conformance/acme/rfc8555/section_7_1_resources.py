"""The directory and the objects: what must be in them, and what their states are (RFC 8555 section 7.1)."""

import re
from datetime import datetime

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, SHOULD_NOT, clause, expect_refusal, expect_success
from conformance.acme.probe.jose import Json
from conformance.acme.probe.order import Authorization, Order, csr, order, place
from conformance.expect import NotOfferedError, expect

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_META = {"termsOfService": str, "website": str, "caaIdentities": list, "externalAccountRequired": bool}


def expect_time(text: object) -> None:
    """Expect a time as RFC 3339 writes it."""
    expect(isinstance(text, str) and _RFC_3339.fullmatch(text), f"{text} is no RFC 3339 time")
    datetime.fromisoformat(str(text).upper())


def wildcard_order(ca: Ca) -> Order:
    """Return a pending order of a wildcard name."""
    answer = place(ca.client, [f"*.{ca.new_name()}"])
    if answer.status != 201:
        raise NotOfferedError(f"wildcard names are refused: {answer}")
    return Order(ca.client, answer.header("location"), answer)


@clause("7.1", MUST)
def directory_and_nonces(ca: Ca) -> None:
    """There is a directory, and a newNonce resource."""
    expect_success(ca.directory_answer)
    expect(ca.directory.get("newNonce"), "the directory has no newNonce")


@clause("7.1.1", MUST)
def directory_urls(ca: Ca) -> None:
    """The directory is a JSON object of the resources' URLs."""
    expect(ca.directory_answer.media_type == "application/json", "the directory is no application/json")
    for name in ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"):
        expect(isinstance(ca.directory.get(name), str), f"{name} is {ca.directory.get(name)}")


@clause("7.1.1", MUST)
def new_authz_only_where_it_works(ca: Ca) -> None:
    """newAuthz is left out of the directory where there is no pre-authorization."""
    url = ca.directory.get("newAuthz")
    if url is not None:
        answer = ca.client.post(url, {"identifier": {"type": "dns", "value": ca.new_name()}})
        expect(answer.status not in {404, 405, 501}, f"newAuthz does not work: {answer}")


@clause("7.1.1", MUST)
def meta_is_an_object(ca: Ca) -> None:
    """The directory's meta, if there is one, is an object, and its members are of their types."""
    expect(isinstance(ca.meta, dict), f"meta is {ca.meta}")
    for name, kind in _META.items():
        expect(isinstance(ca.meta.get(name, kind()), kind), f"{name} is {ca.meta.get(name)}")


@clause("7.1.1", MUST)
def caa_identities_are_domain_names(ca: Ca) -> None:
    """Each of caaIdentities is the issuer domain name as CAA records have it, in ASCII."""
    if "caaIdentities" not in ca.meta:
        raise NotOfferedError("the directory has no caaIdentities")
    for name in ca.meta["caaIdentities"]:
        expect(re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name), f"{name} is no issuer domain name")


@clause("7.1", MUST)
def index_links(ca: Ca) -> None:
    """Every resource but the directory has a Link with the relation index to the directory."""
    urls = [ca.client.url, ca.pending.url, ca.pending.authorizations[0].url, ca.issued.url]
    for answer in (*map(ca.client.read, urls), ca.transport.send("HEAD", ca.directory["newNonce"])):
        expect(answer.links("index"), f"no index in the answer to {answer}")


@clause("7.1.2", MUST)
def account_object(ca: Ca) -> None:
    """An account has a status and, required by the RFC, the URL of its orders."""
    account = expect_success(ca.client.read(ca.client.url)).json
    expect(account.get("status") == "valid", f"status is {account.get('status')}")
    expect(isinstance(account.get("orders"), str), f"orders is {account.get('orders')}")
    expect(isinstance(account.get("contact", []), list), f"contact is {account.get('contact')}")


def listed_orders(ca: Ca) -> list[str]:
    """Return every URL of the account's list of orders, following its pages."""
    url = ca.client.read(ca.client.url).json.get("orders")
    if not url:
        raise NotOfferedError("accounts have no list of orders")
    listed: list[str] = []
    pages = [str(url)]
    for page in pages:
        answer = expect_success(ca.client.read(page))
        expect(isinstance(answer.json.get("orders"), list), f"orders is {answer.json.get('orders')}")
        listed += answer.json["orders"]
        pages += answer.links("next")
    return listed


@clause("7.1.2.1", MUST)
def orders_list(ca: Ca) -> None:
    """The list of orders is an object whose orders are URLs of the account's orders."""
    _ = ca.pending
    for url in listed_orders(ca)[:20]:
        expect(expect_success(ca.client.read(url)).json.get("finalize"), f"{url} is no order")


@clause("7.1.2.1", SHOULD)
def pending_orders_are_listed(ca: Ca) -> None:
    """The list has the pending orders."""
    url = order(ca.client, ca.new_name()).url
    expect(url in listed_orders(ca), "a pending order is not in the list")


@clause("7.1.2.1", SHOULD_NOT)
def invalid_orders_are_not_listed(ca: Ca) -> None:
    """The list does not have invalid orders."""
    failed = order(ca.client, ca.new_name())
    failed.authorizations[0].respond_by_http(ca.web, "wrong")
    expect(failed.read()["status"] == "invalid", f"the order is {failed.read()['status']}")
    expect(failed.url not in listed_orders(ca), "an invalid order is in the list")


def expect_order(found: Json) -> None:
    """Expect the members that an order must have."""
    status = found.get("status")
    expect(status in {"pending", "ready", "processing", "valid", "invalid"}, f"status is {status}")
    expect(all(set(one) == {"type", "value"} for one in found["identifiers"]), f"identifiers: {found['identifiers']}")
    expect(all(isinstance(url, str) for url in found["authorizations"]), "authorizations are no URLs")
    expect(isinstance(found.get("finalize"), str), "no finalize URL")


@clause("7.1.3", MUST)
def order_object(ca: Ca) -> None:
    """An order has status, identifiers, authorizations and finalize."""
    expect_order(ca.pending.placed.json)
    expect_order(ca.pending.read())
    expect_order(ca.issued.order.read())


@clause("7.1.3", MUST)
def order_expires(ca: Ca) -> None:
    """A pending and a valid order say when they expire, as RFC 3339 writes it."""
    expect_time(ca.pending.read().get("expires"))
    expect_time(ca.issued.order.read().get("expires"))


@clause("7.1.3", MUST_NOT)
def wildcard_authorization_name(ca: Ca) -> None:
    """The authorization of a wildcard name has the identifier without '*.'."""
    wild = wildcard_order(ca)
    for authorization in wild.authorizations:
        value = authorization.read()["identifier"]["value"]
        expect("*" not in value, f"the authorization is for {value}")


@clause("7.1.3", MUST)
def wildcard_authorization_flag(ca: Ca) -> None:
    """The authorization of a wildcard name has wildcard: true."""
    found = wildcard_order(ca).authorizations[0].read()
    expect(found.get("wildcard") is True, f"wildcard is {found.get('wildcard')}")


@clause("7.1.3", MUST_NOT)
def immutable_arrays(ca: Ca) -> None:
    """An order's identifiers and authorizations never change, from newOrder to the certificate."""
    placed = ca.issued.order.placed.json
    done = ca.issued.order.read()
    for member in ("identifiers", "authorizations"):
        before, after = (sorted(map(str, one[member])) for one in (placed, done))
        expect(before == after, f"{member} was {before} and is {after}")


def decided(ca: Ca, body: str | None = None) -> tuple[Order, Authorization]:
    """Return a new order and its one authorization, decided by http-01."""
    placed = order(ca.client, ca.new_name())
    authorization = placed.authorizations[0]
    authorization.respond_by_http(ca.web, body)
    return placed, authorization


@clause("7.1.4", MUST)
def authorization_object(ca: Ca) -> None:
    """An authorization has identifier, status and challenges, and belongs to a name of the order."""
    found = ca.pending.authorizations[0].read()
    expect(found.get("status") == "pending", f"status is {found.get('status')}")
    expect(found.get("identifier") in ca.pending.placed.json["identifiers"], f"identifier is {found['identifier']}")
    expect(found.get("challenges"), "there are no challenges")


@clause("7.1.4", MUST)
def authorization_expires(ca: Ca) -> None:
    """A valid authorization says when it expires."""
    expect_time(ca.issued.order.authorizations[0].read().get("expires"))


@clause("7.1.4", MUST)
def internationalised_names(ca: Ca) -> None:
    """A label with the prefix xn-- that decodes to nothing is refused, and so is one that is not ASCII."""
    for label in ("xn--99999999999", "bücher"):
        expect_refusal(place(ca.client, [f"{label}.{ca.options.domain}"]))


@clause("7.1.4", MUST_NOT)
def no_wildcard_in_authorizations(ca: Ca) -> None:
    """No authorization object has a wildcard name, in newAuthz's answer neither."""
    if "newAuthz" not in ca.directory:
        raise NotOfferedError("the directory has no newAuthz")
    identifier = {"type": "dns", "value": f"*.{ca.new_name()}"}
    expect_refusal(ca.client.post(ca.directory["newAuthz"], {"identifier": identifier}))


@clause("7.1.6", MUST)
def order_becomes_ready(ca: Ca) -> None:
    """An order is created pending, and is ready once all of its authorizations are valid, not before."""
    placed = order(ca.client, ca.new_name(), ca.new_name())
    first, second = placed.authorizations
    expect(placed.placed.json["status"] == "pending", f"a new order is {placed.placed.json['status']}")
    first.respond_by_http(ca.web)
    expect(placed.read()["status"] == "pending", f"with one of two it is {placed.read()['status']}")
    second.respond_by_http(ca.web)
    expect(placed.read()["status"] == "ready", f"with both it is {placed.read()['status']}")


@clause("7.1.6", MUST)
def failure_is_final(ca: Ca) -> None:
    """A failed challenge makes its authorization and its order invalid, and they stay so."""
    placed, authorization = decided(ca, "wrong")
    found = authorization.read()
    expect(found["status"] == "invalid", f"the authorization is {found['status']}")
    expect(placed.read()["status"] == "invalid", f"the order is {placed.read()['status']}")
    expect_refusal(placed.finalize(csr(found["identifier"]["value"])))
    authorization.client.post(found["challenges"][0]["url"], {})
    expect(authorization.decided()["status"] == "invalid", "the authorization came back")


@clause("7.1.6", MUST)
def deactivated_authorization_ends_the_order(ca: Ca) -> None:
    """An order becomes invalid when one of its authorizations is deactivated."""
    placed = ca.ready()
    ca.client.post(placed.authorizations[0].url, {"status": "deactivated"})
    expect(placed.read()["status"] == "invalid", f"the order is {placed.read()['status']}")
