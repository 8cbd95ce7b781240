"""What ACME clients need, as seen by running them (acme.md, facts 1 to 23), at the real HTTP server. One test a fact.

Facts about HTTP itself (16 and 18) and about restarts (5) are in test_client_facts_http.py; fact 24 is in
tests/conformance: whatever is shown here can be shown at Pebble by the same client.
"""

import ipaddress
import re
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.jose import PrivateKey, encode, new_key
from conformance.acme.probe.order import Order, csr, order, place, place_address, sign_csr
from conformance.acme.probe.transport import Answer
from tests.probed_gateway import probed_gateway


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ca]:
    """Give a running gateway that allows whatever a product can allow."""
    directory = tmp_path_factory.mktemp("facts") / "ca"
    with probed_gateway(directory, "acme.wildcards=true", "acme.plain_get=true") as (_, ca):
        yield ca


def name_of(placed: Order) -> str:
    """Return the one name of an order."""
    [identifier] = placed.placed.json["identifiers"]
    return str(identifier["value"])


def refusals(ca: Ca) -> list[Answer]:
    """Return refusals of every kind that a client can meet without being wrong about everything."""
    url = ca.directory["newOrder"]
    return [
        place(ca.client, []),
        place(ca.client, ["a_b"]),
        ca.client.post(url, {}, nonce=encode(bytes(32))),
        ca.client.send(url, ca.client.sign(url), "application/json"),
        ca.client.read(ca.client.url + "x"),
        ca.client.read(ca.options.directory + "/nothing"),
        ca.stranger().register(onlyReturnExisting=True),
        ca.pending.finalize(csr("a.test")),
        ca.transport.send("GET", url),
        ca.transport.send("PUT", ca.client.url),
    ]


def test_fact_1_problem_media_type(ca: Ca) -> None:
    """ACMESharp compares the media type of errors literally and otherwise loses the error type."""
    for answer in refusals(ca):
        assert answer.status in range(400, 500)
        assert answer.all("content-type") == ["application/problem+json"]


@pytest.mark.parametrize("payload", [b"{}", b"{ }", b'{"keyAuthorization":"x","resource":"challenge"}'])
def test_fact_2_challenge_payloads(ca: Ca, payload: bytes) -> None:
    """Old clients put fields into the response to a challenge; `{}` and an empty object are the same."""
    authorization = order(ca.client, ca.new_name()).authorizations[0]
    challenge = authorization.challenge("http-01")
    assert challenge is not None
    ca.web.answer(challenge.token, challenge.key_authorization)
    assert ca.client.post(challenge.url, payload).status == 200
    assert authorization.decided()["status"] == "valid"


def test_fact_3_repeated_responses(ca: Ca) -> None:
    """Some clients POST `{}` again while they still read `pending`: 200, and `processing` from the first on."""
    authorization = order(ca.client, ca.new_name()).authorizations[0]
    challenge = authorization.challenge("http-01")
    assert challenge is not None
    ca.web.answer(challenge.token, challenge.key_authorization)
    first = ca.client.post(challenge.url, {})
    assert (first.status, first.json["status"]) == (200, "processing")
    for _ in range(3):
        again = ca.client.post(challenge.url, {})
        assert (again.status, again.json["url"]) == (200, challenge.url)
        assert again.json["status"] in {"processing", "valid"}
    authorization.decided()
    done = ca.client.post(challenge.url, {})
    assert (done.status, done.json["status"]) == (200, "valid")
    assert len(ca.web.asked(challenge.token)) == 1


def test_fact_4_common_names(ca: Ca) -> None:
    """A CN that looks like a name is one to certbot: it is no IP address, and need not be there."""
    answer = place_address(ca.client, "127.0.0.1")
    placed = Order(ca.client, answer.header("location"), answer).authorize(ca.web)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    assert placed.finalize(csr(address)).status == 200
    chain = x509.load_pem_x509_certificates(ca.client.read(placed.decided()["certificate"]).body)
    assert not chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    common_names = ca.issued.chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert {attribute.value for attribute in common_names} <= set(ca.issued.names)


def test_fact_5_bad_nonce_brings_a_fresh_one(ca: Ca) -> None:
    """Clients that retry on badNonce take the nonce of the refusal; some do not retry at all."""
    refused = ca.client.post(ca.client.url, nonce=encode(bytes(32)))
    assert (refused.status, refused.problem) == (400, "badNonce")
    assert ca.client.post(ca.client.url, nonce=refused.header("replay-nonce")).status == 200


def test_fact_6_nonces(ca: Ca) -> None:
    """HEAD newNonce 200, GET 204, no-store; a nonce in every answer to a POST or HEAD, whatever its status."""
    for method, status in (("HEAD", 200), ("GET", 204)):
        answer = ca.transport.send(method, ca.directory["newNonce"])
        assert (answer.status, answer.header("cache-control"), answer.body) == (status, "no-store", b"")
        assert len(answer.all("replay-nonce")) == 1
    heads = [ca.transport.send("HEAD", url) for url in (*urls(ca), ca.directory["newOrder"], ca.client.url + "x")]
    for answer in (*refusals(ca), *heads, *map(ca.client.read, urls(ca))):
        assert len(answer.all("replay-nonce")) == 1, answer


def urls(ca: Ca) -> list[str]:
    """Return the URL of a resource of each kind."""
    authorization = ca.pending.authorizations[0]
    challenge = authorization.read()["challenges"][0]["url"]
    return [ca.options.directory, ca.client.url, ca.pending.url, authorization.url, challenge, ca.issued.url]


def test_fact_7_accounts(ca: Ca) -> None:
    """201 with Location for a new key, 200 for a known one; `orders` is always there."""
    client = ca.stranger()
    assert (unknown := client.register(onlyReturnExisting=True)).problem == "accountDoesNotExist"
    assert unknown.status == 400
    created = client.register()
    known = ca.stranger(client.key).register()
    found = ca.stranger(client.key).register(onlyReturnExisting=True)
    assert [answer.status for answer in (created, known, found)] == [201, 200, 200]
    assert {answer.header("location") for answer in (created, known, found)} == {client.url}
    for answer in (created, known, found, client.read(client.url)):
        assert answer.json["orders"].startswith("https://")


def test_fact_8_finalize(ca: Ca) -> None:
    """A finalize answers 200 with the order and its Location, for clients that forgot it; Retry-After is in seconds."""
    ready = ca.ready()
    answer = ready.finalize(csr(name_of(ready)))
    assert answer.status == 200
    assert answer.json["status"] in {"processing", "valid"}
    assert answer.header("location") == ready.url
    assert re.fullmatch(r"\d*", answer.header("retry-after"))


def test_fact_9_links(ca: Ca) -> None:
    """`index` on everything, `up` on challenges, `alternate` on certificates with further chains."""
    answers = [ca.client.read(url) for url in urls(ca)]
    for answer in (*answers, *refusals(ca)):
        assert answer.links("index") == [ca.options.directory]
    _, _, _, authorization, challenge, certificate = answers
    assert challenge.links("up") == [authorization.url]
    assert certificate.links("alternate") == []  # this issuer has one chain; test_chain.py has several


def test_fact_10_certificates(ca: Ca) -> None:
    """Clients split the chain on the exact END line and want a final newline; leaf first, without the root."""
    answer = ca.issued.download
    assert answer.all("content-type") == ["application/pem-certificate-chain"]
    parts = answer.body.decode("ascii").split("-----END CERTIFICATE-----\n")
    assert parts.pop() == ""
    assert all(part.startswith("-----BEGIN CERTIFICATE-----\n") for part in parts)
    leaf, *issuers = ca.issued.chain
    assert len(parts) == 1 + len(issuers)
    assert leaf.public_key() == ca.issued.key.public_key()
    assert all(issuer.subject != issuer.issuer for issuer in issuers)


@pytest.mark.parametrize("shape", ["names", "common name", "both", "common name of two", "upper case", "must-staple"])
def test_fact_11_csrs(ca: Ca, shape: str) -> None:
    """Each shape of CSR that clients send has a defined result: the names of the certificate are the order's."""
    ready = ca.ready(names=2 if shape == "common name of two" else 1)
    names = [one["value"] for one in ready.placed.json["identifiers"]]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
    request = {
        "names": lambda: csr(*names),
        "common name": lambda: csr(common_name=names[0]),
        "both": lambda: csr(*names, common_name=names[0]),
        "common name of two": lambda: csr(*names[1:], common_name=names[0]),
        "upper case": lambda: csr(*(name.upper() for name in names)),
        "must-staple": lambda: sign_csr(
            builder.add_extension(alternatives, critical=False).add_extension(staple, critical=False), new_key()
        ),
    }[shape]()
    assert ready.finalize(request).status == 200
    [leaf, *_] = x509.load_pem_x509_certificates(ca.client.read(ready.decided()["certificate"]).body)
    certified = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(certified, x509.SubjectAlternativeName)
    assert set(certified.get_values_for_type(x509.DNSName)) == set(names)
    features = [one for one in leaf.extensions if one.oid == ExtensionOID.TLS_FEATURE]
    assert bool(features) == (shape == "must-staple")


def test_fact_12_contacts(ca: Ca) -> None:
    """One address a mailto, several contacts, an empty list to delete them; anything else has its own problem."""
    client = ca.stranger()
    several = ["mailto:a@example.org", "mailto:b@example.org"]
    assert client.register(contact=several).json["contact"] == several
    assert client.post(client.url, {"contact": []}).json["contact"] == []
    for contact in ("mailto:a@example.org?subject=x", "mailto:a@example.org,b@example.org", "mailto:", "a@example.org"):
        assert ca.stranger().register(contact=[contact]).problem == "invalidContact", contact
    for contact in ("tel:+15551234567", "https://example.org", "http:x"):
        assert ca.stranger().register(contact=[contact]).problem == "unsupportedContact", contact


def test_fact_13_unknown_things(ca: Ca) -> None:
    """Unknown fields are ignored; unknown types, URLs and methods each have their answer."""
    assert place(ca.client, [ca.new_name()], unknown={"a": []}).status == 201
    identifiers = [{"type": "email", "value": "a@example.org"}]
    assert ca.client.post(ca.directory["newOrder"], {"identifiers": identifiers}).problem == "unsupportedIdentifier"
    for method in ("GET", "POST", "PUT"):
        answer = ca.transport.send(method, ca.options.directory + "/nothing")
        assert (answer.status, answer.problem) == (404, "malformed")
    answer = ca.transport.send("DELETE", ca.client.url)
    assert (answer.status, answer.problem, answer.header("allow")) == (405, "malformed", "POST")


def test_fact_14_what_clients_never_send(ca: Ca) -> None:
    """Padding, line breaks and unprotected headers are refused: no client sends them, so somebody else did."""
    url = ca.client.url
    for member, spoiled in (("payload", "="), ("protected", "\n"), ("signature", "=="), ("signature", "\r\n")):
        body = ca.client.sign(url, {"contact": []})
        answer = ca.client.send(url, body | {member: body[member] + spoiled})
        assert (answer.status, answer.problem) == (400, "malformed")
    assert ca.client.send(url, ca.client.sign(url) | {"header": {}}).problem == "malformed"


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
        rsa.generate_private_key(65537, 4096),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["ES256", "ES384", "ES512", "RS256-2048", "RS256-4096", "EdDSA"],
)
def test_fact_15_keys(ca: Ca, key: PrivateKey) -> None:
    """Accounts of each algorithm get certificates for EC and RSA keys, and for no account's key."""
    client = ca.new_client(key)
    ready = ca.ready(client=client)
    assert ready.finalize(csr(name_of(ready), key=key)).problem == "badCSR"
    certified = rsa.generate_private_key(65537, 2048) if isinstance(key, rsa.RSAPrivateKey) else new_key()
    assert ready.finalize(csr(name_of(ready), key=certified)).status == 200
    assert ready.decided()["status"] == "valid"


def test_fact_17_acmesharp(ca: Ca) -> None:
    """ACMESharp reads by plain GET, reads one Link a line, and wants Location on look-up and finalize."""
    authorization = ca.pending.authorizations[0]
    challenge = authorization.read()["challenges"][0]["url"]
    for url in (ca.pending.url, authorization.url, challenge, ca.issued.url):
        got, posted = ca.transport.send("GET", url), ca.client.read(url)
        assert (got.status, got.body) == (200, posted.body)
        assert got.header("replay-nonce")
        for line in got.all("link"):
            assert re.fullmatch(r'<https://[^>,]+>;rel="[a-z]+"', line)
    assert ca.transport.send("GET", ca.client.url).status == 405
    looked_up = ca.stranger(ca.client.key).register(onlyReturnExisting=True)
    assert looked_up.header("location") == ca.client.url
    assert ca.stranger().register(onlyReturnExisting=True).status == 400
    spread = b'{\r\n  "contact": [\r\n    "mailto:a@example.org"\r\n  ]\r\n}'
    assert ca.client.post(ca.client.url, spread).status == 200


def test_fact_19_acme_sh(ca: Ca) -> None:
    """acme.sh knows badNonce by these words, and waits as many seconds as Retry-After has, 600 at most."""
    refused = ca.client.post(ca.client.url, nonce=encode(bytes(32)))
    assert "JWS has an invalid anti-replay nonce" in refused.json["detail"]
    for answer in ca.transport.seen:
        if seconds := answer.header("retry-after"):
            assert 0 < int(seconds) <= 600 or "/renewal-info/" in answer.url


def test_fact_20_decided_authorizations(ca: Ca) -> None:
    """Once a challenge is valid the authorization shows no other; it is never `processing` itself."""
    authorization = order(ca.client, ca.new_name()).authorizations[0]
    challenge = authorization.challenge("http-01")
    assert challenge is not None
    ca.web.answer(challenge.token, challenge.key_authorization)
    ca.client.post(challenge.url, {})
    while (found := authorization.read())["status"] == "pending":
        assert found["challenges"][0]["status"] in {"pending", "processing", "valid"}
    assert found["status"] == "valid"
    assert [one["url"] for one in found["challenges"]] == [challenge.url]


def test_fact_21_certbot(ca: Ca) -> None:
    """To certbot, any 409 outside of `replaces` is an account conflict; renewalInfo has no trailing slash."""
    issued = ca.issue()
    revocation = {"certificate": encode(issued.der)}
    conflicts = [
        issued.order.finalize(csr(*issued.names)),
        *(ca.client.post(ca.directory["revokeCert"], revocation) for _ in range(2)),
        ca.client.post(issued.order.authorizations[0].url, {"status": "deactivated"}),
        ca.client.post(issued.order.authorizations[0].url, {"status": "deactivated"}),
    ]
    assert 409 not in {answer.status for answer in conflicts}
    assert not ca.directory["renewalInfo"].endswith("/")


def test_fact_22_acmez_and_mod_md(ca: Ca) -> None:
    """The certificate has the full chain and no `up`; an order that is not done after finalize is fatal to them."""
    assert ca.issued.download.links("up") == []
    assert len(ca.issued.chain) > 1
    ready = ca.ready()
    answer = ready.finalize(csr(name_of(ready)))
    assert answer.all("content-type") == ["application/json"]
    assert answer.json["status"] not in {"pending", "ready"}
    assert ready.read()["status"] not in {"pending", "ready"}


def test_fact_23_new_orders(ca: Ca) -> None:
    """A newOrder is 201 with Location, also for what was ordered before; identifiers come back as they were sent."""
    names = [ca.new_name(), f"*.{ca.new_name()}", "xn--bcher-kva.conformance.test", "localhost"]
    for _ in range(2):
        answer = place(ca.client, names)
        assert answer.status == 201
        assert ca.client.read(answer.header("location")).json == answer.json
        assert answer.json["identifiers"] == [{"type": "dns", "value": name} for name in names]


def test_fact_23_upper_case_is_the_same_name(ca: Ca) -> None:
    """DNS names have no case (RFC 4343): a name would be two, with two authorizations, or its CSR be refused."""
    name = ca.new_name()
    answer = place(ca.client, [name.upper(), name])
    assert answer.status == 201
    assert answer.json["identifiers"] == [{"type": "dns", "value": name}]
    ready = ca.ready()
    assert ready.finalize(csr(name_of(ready).upper())).json["status"] == "valid"
