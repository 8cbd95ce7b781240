"""Orders, finalization, pre-authorization (RFC 8555 sections 7.4 and 7.4.1)."""

from datetime import UTC, datetime, timedelta

from cryptography import x509

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.clauses import MUST, MUST_NOT, SHOULD, clause, expect_refusal, expect_success
from conformance.acme.probe.jose import Json, encode, new_key
from conformance.acme.probe.order import Authorization, Order, csr, issue, order, place, sign_csr
from conformance.expect import NotOfferedError, expect


def names_of(placed: Order) -> list[str]:
    """Return the names of an order."""
    return [one["value"] for one in placed.placed.json["identifiers"]]


def dns_names(certificate: x509.Certificate) -> set[str]:
    """Return the dNSNames of a certificate."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName))


@clause("7.4", MUST)
def order_created(ca: Ca) -> None:
    """An order that is taken is answered with 201, its URL in Location and the order for the names asked for."""
    names = [ca.new_name(), ca.new_name()]
    answer = expect_success(place(ca.client, names), 201)
    expect(answer.header("location"), "no Location")
    expect({one["value"] for one in answer.json["identifiers"]} == set(names), f"{answer.json['identifiers']}")
    found = ca.client.read(answer.header("location")).json
    for member in ("identifiers", "authorizations", "finalize"):
        expect(found.get(member) == answer.json.get(member), f"reading the order shows other {member}")


@clause("7.4", MUST)
def order_that_cannot_be_fulfilled(ca: Ca) -> None:
    """An order that cannot be fulfilled as specified gets an error: no names, or values that are no names."""
    url = ca.directory["newOrder"]
    for identifiers in (
        None,
        [],
        "x",
        [{"type": "dns"}],
        [{"value": ca.new_name()}],
        [{"type": "dns", "value": 1}],
    ):
        expect_refusal(ca.client.post(url, {"identifiers": identifiers}))
    for name in ("", " ", "a b.test", "a..test", "-a.test", "a_b.test", "x" * 64 + ".test", "a.*.test", "**.test"):
        expect_refusal(place(ca.client, [name]))


@clause("7.4", MUST)
def unsupported_identifier_type(ca: Ca) -> None:
    """An identifier of a type the server does not know gets an error, unsupportedIdentifier."""
    identifiers = [{"type": "unheard-of", "value": "x"}]
    expect_refusal(ca.client.post(ca.directory["newOrder"], {"identifiers": identifiers}), "unsupportedIdentifier")


@clause("7.4", MUST_NOT)
def validity_as_requested(ca: Ca) -> None:
    """A certificate has the notBefore and notAfter that were asked for, or the order is refused."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    asked = {"notBefore": start.isoformat(), "notAfter": (start + timedelta(days=3)).isoformat()}
    for fields in (asked, {"notAfter": asked["notAfter"]}, {"notBefore": asked["notBefore"]}):
        answer = place(ca.client, [ca.new_name()], **fields)
        if answer.status in range(400, 500):
            continue
        leaf = issue(ca.client, ca.web, ca.new_name(), **fields).chain[0]
        for field, value in (("notBefore", leaf.not_valid_before_utc), ("notAfter", leaf.not_valid_after_utc)):
            wanted = fields.get(field, value.isoformat())
            expect(datetime.fromisoformat(wanted) == value, f"{field} was to be {wanted}, and is {value}")


@clause("7.4", MUST)
def malformed_times(ca: Ca) -> None:
    """A notBefore or notAfter that is no RFC 3339 time gets an error."""
    for field in ("notBefore", "notAfter"):
        expect_refusal(place(ca.client, [ca.new_name()], **{field: "tomorrow"}))


@clause("7.4", MUST_NOT)
def contents_as_requested(ca: Ca) -> None:
    """A certificate has the names and the key that were asked for, and no other."""
    leaf = ca.issued.chain[0]
    expect(dns_names(leaf) == set(ca.issued.names), f"names are {dns_names(leaf)}")
    expect(leaf.public_key() == ca.issued.key.public_key(), "the certificate is for another key")


@clause("7.4", MUST)
def csr_names_exactly(ca: Ca) -> None:
    """The CSR must name exactly the identifiers of the order: one more, one less or another gets an error."""
    ready = ca.ready(names=2)
    first, second = names_of(ready)
    stranger = ca.new_name()
    for names in ((first, second, stranger), (first,), (first, stranger), (f"*.{first}", second), ()):
        expect_refusal(ready.finalize(csr(*names)))
    expect_refusal(ready.finalize(csr(first, second, common_name=stranger)))


@clause("7.4", MUST)
def csr_by_common_name(ca: Ca) -> None:
    """A name may stand in the CSR's common name, in its subjectAltName, or in both."""
    for alternative, common in ((True, False), (False, True), (True, True)):
        ready = ca.ready()
        name = names_of(ready)[0]
        request = csr(*([name] if alternative else []), common_name=name if common else "")
        expect_success(ready.finalize(request))
        expect(ready.decided()["status"] == "valid", f"the order is {ready.read()}")


@clause("7.4", MUST)
def csr_is_well_formed(ca: Ca) -> None:
    """What is no CSR, or is signed by another key than it names, gets an error."""
    ready = ca.ready()
    name = names_of(ready)[0]
    good = csr(name)
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n"
    for request in (b"", b"x", pem, good[:-1], good[:-8] + bytes(8), ca.issued.der):
        expect_refusal(ready.finalize(request))
    for value in (None, 1, "*", ["x"]):
        expect_refusal(ca.client.post(ready.placed.json["finalize"], {"csr": value}))


@clause("7.4", SHOULD)
def bad_csr(ca: Ca) -> None:
    """A CSR that is refused gets badCSR, with the reason in the detail."""
    ready = ca.ready()
    for request in (csr(ca.new_name()), csr(*names_of(ready), ca.new_name()), csr(*names_of(ready))[:-8] + bytes(8)):
        expect(expect_refusal(ready.finalize(request), "badCSR").json.get("detail"), "no detail")


@clause("7.4", SHOULD)
def order_stays_ready(ca: Ca) -> None:
    """An order whose CSR was refused stays ready, for a better one."""
    ready = ca.ready()
    expect_refusal(ready.finalize(csr(ca.new_name())))
    expect(ready.read()["status"] == "ready", f"the order is {ready.read()['status']}")
    expect_success(ready.finalize(csr(*names_of(ready))))
    expect(ready.decided()["status"] == "valid", f"the order is {ready.read()}")


@clause("7.4", MUST)
def order_not_ready(ca: Ca) -> None:
    """Finalizing an order that is not ready gets 403 orderNotReady: a pending one, and one that was finalized."""
    expect_refusal(ca.pending.finalize(csr(*names_of(ca.pending))), "orderNotReady", status=403)
    done = ca.issued.order
    expect_refusal(done.finalize(csr(*names_of(done))), "orderNotReady", status=403)


@clause("7.4", MUST)
def finalize_returns_the_order(ca: Ca) -> None:
    """finalize is answered with the order, which then is valid and has the certificate's URL."""
    ready = ca.ready()
    answer = expect_success(ready.finalize(csr(*names_of(ready))))
    expect(answer.json.get("status") in {"processing", "valid"}, f"status is {answer.json.get('status')}")
    expect(answer.json["identifiers"] == ready.placed.json["identifiers"], "it is another order")
    expect(ready.decided().get("certificate"), "a valid order has no certificate URL")


@clause("7.4", MUST)
def finalize_by_the_owner(ca: Ca) -> None:
    """An order is finalized by the account that placed it, and by no other."""
    ready = ca.ready()
    expect_refusal(ca.other.post(ready.placed.json["finalize"], {"csr": encode(csr(*names_of(ready)))}))
    expect(ready.read()["status"] == "ready", f"the order is {ready.read()['status']}")


@clause("7.4", MUST)
def authorizations_of_others_do_not_count(ca: Ca) -> None:
    """What another account has shown control of does not make an order ready."""
    name = names_of(ca.ready())[0]
    placed = order(ca.other, name)
    expect(placed.placed.json["status"] == "pending", f"the order is {placed.placed.json['status']}")
    expect_refusal(placed.finalize(csr(name)), "orderNotReady", status=403)


@clause("11.1", MUST)
def account_key_is_not_certified(ca: Ca) -> None:
    """A CSR for the account's own key is refused."""
    ready = ca.ready()
    expect_refusal(ready.finalize(csr(*names_of(ready), key=ca.client.key)))


@clause("11.1", MUST)
def known_account_keys_are_not_certified(ca: Ca) -> None:
    """A CSR for the key of any account the server knows is refused."""
    ready = ca.ready()
    expect_refusal(ready.finalize(csr(*names_of(ready), key=ca.other.key)))


@clause("7.4", SHOULD)
def unwilling_extensions(ca: Ca) -> None:
    """A CSR that asks for a critical extension nobody knows is refused."""
    ready = ca.ready()
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00")
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names_of(ready)])
    builder = builder.add_extension(names, critical=False).add_extension(unknown, critical=True)
    expect_refusal(ready.finalize(sign_csr(builder, new_key())))


def new_authorization(ca: Ca, identifier: Json) -> Authorization:
    """Pre-authorize an identifier that must be taken."""
    answer = expect_success(ca.client.post(new_authz(ca), {"identifier": identifier}), 201)
    expect(answer.json.get("identifier") == identifier, f"identifier is {answer.json.get('identifier')}")
    return Authorization(ca.client, answer.header("location"))


def new_authz(ca: Ca) -> str:
    """Return the newAuthz URL."""
    if "newAuthz" not in ca.directory:
        raise NotOfferedError("the directory has no newAuthz")
    return str(ca.directory["newAuthz"])


@clause("7.4.1", MUST)
def pre_authorization(ca: Ca) -> None:
    """newAuthz is answered with 201, the URL in Location, and an authorization that is pending."""
    authorization = new_authorization(ca, {"type": "dns", "value": ca.new_name()})
    found = authorization.read()
    expect(found.get("status") == "pending", f"status is {found.get('status')}")
    expect(authorization.respond_by_http(ca.web)["status"] == "valid", f"it is {authorization.read()}")


@clause("7.4.1", SHOULD)
def pre_authorization_counts(ca: Ca) -> None:
    """What was authorized beforehand stands in the order's authorizations, as valid."""
    name = ca.new_name()
    authorization = new_authorization(ca, {"type": "dns", "value": name})
    authorization.respond_by_http(ca.web)
    placed = order(ca.client, name)
    expect(authorization.url in placed.placed.json["authorizations"], "the order has another authorization")
    expect(placed.placed.json["status"] == "ready", f"the order is {placed.placed.json['status']}")


@clause("7.4.1", SHOULD)
def pre_authorization_refused(ca: Ca) -> None:
    """newAuthz for a name the server will not issue for gets 403 with the reason."""
    answer = ca.client.post(new_authz(ca), {"identifier": {"type": "dns", "value": "a_b.test"}})
    expect(expect_refusal(answer, status=403).json.get("detail"), "no detail")


@clause("7.4.1", MUST)
def pre_authorization_malformed(ca: Ca) -> None:
    """newAuthz without an identifier, or for a type nobody knows, gets an error."""
    for payload in ({}, {"identifier": "x"}, {"identifier": {"type": "unheard-of", "value": "x"}}):
        expect_refusal(ca.client.post(new_authz(ca), payload))
