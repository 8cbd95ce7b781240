"""Accounts (RFC 8555 sections 7.3 to 7.3.3 and 7.3.6)."""

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import (
    MUST,
    MUST_NOT,
    SHOULD,
    SHOULD_NOT,
    clause,
    expect_refusal,
    expect_success,
    unseen,
)
from conformance.acme.probe.jose import Json, encode
from conformance.acme.probe.order import csr, order
from conformance.expect import NotOfferedError, expect

_CONTACT = ["mailto:one@example.org", "mailto:two@example.org"]


@clause("7.3", MUST)
def account_created(ca: Ca) -> None:
    """A new account is answered with 201, its URL in Location and the account object."""
    answer = expect_success(ca.stranger().register(contact=_CONTACT), 201)
    expect(answer.header("location"), "no Location")
    expect(answer.json.get("status") == "valid", f"status is {answer.json.get('status')}")
    expect(answer.json.get("contact", _CONTACT) == _CONTACT, f"contact is {answer.json.get('contact')}")


@clause("7.3", MUST_NOT)
def only_return_existing(ca: Ca) -> None:
    """onlyReturnExisting does not create an account."""
    client = ca.stranger()
    for _ in range(2):
        answer = client.register(onlyReturnExisting=True)
        expect_refusal(answer)
    expect_success(client.register(), 201)


@clause("7.3", MUST)
def orders_field_is_ignored(ca: Ca) -> None:
    """An orders field in newAccount is ignored."""
    answer = expect_success(ca.stranger().register(orders="https://elsewhere.example/"), 201)
    expect(answer.json.get("orders") != "https://elsewhere.example/", "orders was taken from the request")


@clause("7.3", MUST)
def unknown_fields_are_ignored(ca: Ca) -> None:
    """Fields that the server does not know are ignored, in newAccount and in newOrder."""
    expect_success(ca.stranger().register(unknownField={"a": [1]}), 201)
    identifiers = [{"type": "dns", "value": ca.new_name()}]
    expect_success(ca.client.post(ca.directory["newOrder"], {"identifiers": identifiers, "unknownField": 1}), 201)


@clause("7.3", MUST_NOT)
def unknown_fields_are_not_reflected(ca: Ca) -> None:
    """Fields that the server does not know are not in the account object."""
    client = ca.stranger()
    answer = expect_success(client.register(unknownField="x"), 201)
    for found in (answer.json, client.read(client.url).json):
        expect("unknownField" not in found, f"the account has {found}")


@clause("7.3", MUST)
def mailto_contacts(ca: Ca) -> None:
    """mailto contacts are supported."""
    expect_success(ca.stranger().register(contact=_CONTACT), 201)


@clause("7.3", SHOULD)
def mailto_with_more_than_an_address(ca: Ca) -> None:
    """A mailto contact with header fields, or with two addresses, is rejected as invalid."""
    for contact in ("mailto:a@example.org?subject=x", "mailto:a@example.org,b@example.org"):
        expect_refusal(ca.stranger().register(contact=[contact]), "invalidContact")


@clause("7.3", MUST)
def unsupported_contact_scheme(ca: Ca) -> None:
    """A contact that is refused for its scheme gets unsupportedContact, with a description of what is taken."""
    answer = ca.stranger().register(contact=["unheard-of:a"])
    if answer.status == 201:
        raise NotOfferedError("the server does not look at the scheme of contacts")
    expect_refusal(answer, "unsupportedContact")
    expect("mailto" in answer.json["detail"], f"the detail does not say what is taken: {answer}")


@clause("7.3", MUST)
def invalid_contact(ca: Ca) -> None:
    """A contact of a supported scheme that is refused for its value gets invalidContact."""
    answer = ca.stranger().register(contact=["mailto:"])
    if answer.status == 201:
        raise NotOfferedError("the server does not look at the value of contacts")
    expect_refusal(answer, "invalidContact")


@clause("7.3", MUST)
def terms_of_service(ca: Ca) -> None:
    """Where terms must be agreed to, the directory names them and newAccount is rejected without the agreement."""
    client = ca.stranger()
    answers = [client.post(ca.directory["newAccount"], payload) for payload in ({}, {"termsOfServiceAgreed": False})]
    if "termsOfService" not in ca.meta:
        for answer in answers:
            expect(answer.status in {200, 201}, f"no termsOfService in the directory, but {answer}")
        raise NotOfferedError("the directory has no termsOfService")
    for answer in answers:
        expect_refusal(answer)


@clause("7.3.1", MUST)
def known_key(ca: Ca) -> None:
    """newAccount with a known key is answered with 200, the account's URL and the account as it was."""
    client = ca.stranger()
    first = expect_success(client.register(contact=_CONTACT[:1]), 201)
    again = ca.stranger(client.key)
    answer = expect_success(again.register(contact=_CONTACT[1:], status="deactivated"))
    expect(answer.header("location") == client.url, f"Location is {answer.header('location')}")
    expect(answer.json == first.json, f"the account was {first.json} and is {answer.json}")
    expect(client.read(client.url).json == first.json, "the account was changed")


@clause("7.3.1", MUST)
def unknown_key_looked_up(ca: Ca) -> None:
    """onlyReturnExisting for an unknown key gets 400 accountDoesNotExist."""
    expect_refusal(ca.stranger().register(onlyReturnExisting=True), "accountDoesNotExist", status=400)


@clause("7.3.2", MUST)
def account_update(ca: Ca) -> None:
    """An update that is accepted is answered with 200 and the account as it is then."""
    client = ca.new_client()
    answer = expect_success(client.post(client.url, {"contact": _CONTACT}))
    expect(answer.json.get("contact") == _CONTACT, f"contact is {answer.json.get('contact')}")
    expect(client.read(client.url).json == answer.json, "reading the account shows another")


@clause("7.3.2", MUST)
def account_update_ignores(ca: Ca) -> None:
    """An update of orders, of the agreement, of status other than to deactivated, or of unknown fields is ignored."""
    client = ca.new_client()
    before = client.read(client.url).json
    for change in (
        {"orders": "https://elsewhere.example/"},
        {"termsOfServiceAgreed": False},
        {"status": "valid"},
        {"status": "revoked"},
        {"unknownField": 1},
    ):
        client.post(client.url, change)
        after = client.read(client.url).json
        expect(after == before, f"after {change} the account is {after}")


@clause("7.3.2", MUST)
def account_update_by_its_key(ca: Ca) -> None:
    """An account is updated and deactivated by its own key only."""
    client = ca.new_client()
    payloads: tuple[Json, ...] = ({"contact": []}, {"status": "deactivated"})
    for payload in payloads:
        expect_refusal(ca.other.post(client.url, payload))
        expect_refusal(client.send(client.url, ca.other.sign(client.url, payload, kid=client.url)))
    expect(client.read(client.url).json["status"] == "valid", "the account was deactivated by another")


unseen(
    __name__,
    "7.3.3",
    MUST,
    "When the terms have changed and must be agreed to, a request gets 403 userActionRequired, with the terms in a "
    "Link and the page to visit in instance.",
    "Only the server's operator can change its terms.",
)


@clause("7.3.6", MUST)
def account_deactivation(ca: Ca) -> None:
    """A deactivation is answered with 200 and the account, deactivated."""
    client = ca.new_client()
    answer = expect_success(client.post(client.url, {"status": "deactivated"}))
    expect(answer.json.get("status") == "deactivated", f"status is {answer.json.get('status')}")


@clause("7.3.6", MUST)
def deactivated_account_is_unauthorized(ca: Ca) -> None:
    """A POST and a POST-as-GET of a deactivated account get 401 unauthorized."""
    client = ca.new_client()
    placed = order(client, ca.new_name())
    challenge = placed.authorizations[0].read()["challenges"][0]["url"]
    client.post(client.url, {"status": "deactivated"})
    for url in (client.url, placed.url, placed.authorizations[0].url, challenge):
        expect_refusal(client.read(url), "unauthorized", status=401)
    expect_refusal(client.post(client.url, {"contact": []}), "unauthorized", status=401)
    expect_refusal(client.post(challenge, {}), "unauthorized", status=401)


@clause("7.3.6", MUST_NOT)
def deactivated_account_can_do_nothing(ca: Ca) -> None:
    """No request authorized by a deactivated account's key is accepted: no order, no finalize, no revocation."""
    client = ca.new_client()
    ready = ca.ready(client=client)
    issued = ca.issue(client=client)
    client.post(client.url, {"status": "deactivated"})
    name = ready.placed.json["identifiers"][0]["value"]
    expect_refusal(ready.finalize(csr(name)))
    expect_refusal(client.post(ca.directory["newOrder"], {"identifiers": [{"type": "dns", "value": name}]}))
    expect_refusal(client.post(ca.directory["revokeCert"], {"certificate": encode(issued.der)}))
    expect_refusal(client.post(ca.directory["keyChange"], {}))
    again = ca.stranger(client.key).register()
    expect(again.status >= 400 or again.json.get("status") == "deactivated", f"it came back: {again}")


unseen(
    __name__,
    "7.3.6",
    SHOULD,
    "Pending operations of a deactivated account, such as its orders, are cancelled.",
    "Nobody can read them any more.",
)


@clause("7.3.6", SHOULD_NOT)
def deactivation_revokes_nothing(ca: Ca) -> None:
    """The certificates of a deactivated account are not revoked by it: their keys can still do so."""
    client = ca.new_client()
    issued = ca.issue(client=client)
    client.post(client.url, {"status": "deactivated"})
    by_key = ca.stranger(issued.key)
    expect_success(by_key.post(ca.directory["revokeCert"], {"certificate": encode(issued.der)}))
