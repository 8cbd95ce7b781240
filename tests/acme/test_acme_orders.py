"""Orders, authorizations, challenges and certificates over HTTP (RFC 8555 sections 7.1.3-7.1.6, 7.4, 7.5)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ca_core.model.orders import OrderState
from ca_core.model.store import Transaction
from gateway.acme.orders import order_status
from tests.acme.acme_client import AcmeClient, csr
from tests.acme.acme_server import AcmeServer, private_product
from tests.acme.signing import Json, PrivateKey, b64


async def test_a_new_order(client: AcmeClient) -> None:
    """201 with Location and every member that clients read (RFC 8555 sections 7.1.3 and 7.4, fact 23)."""
    answer = await client.order("b.test", "a.test", "*.a.test")
    assert answer.status == 201
    order = answer.json
    assert order["status"] == "pending"
    assert order["identifiers"] == [{"type": "dns", "value": name} for name in ("b.test", "a.test", "*.a.test")]
    assert len(order["authorizations"]) == 3
    assert order["finalize"] == f"{answer.header('location')}/finalize"
    assert order["expires"].endswith("Z")
    assert not {"error", "certificate", "notBefore", "notAfter"} & set(order)
    assert (await client.post(answer.header("location"))).json == order


async def test_an_address_is_ordered_as_ip(client: AcmeClient) -> None:
    """RFC 8738 section 3: identifiers of type ip come back as such."""
    payload: Json = {"identifiers": [{"type": "ip", "value": "127.0.0.1"}]}
    answer = await client.post(client.directory["newOrder"], payload)
    assert (answer.status, answer.json["identifiers"]) == (201, payload["identifiers"])


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({}, "malformed"),
        ({"identifiers": []}, "malformed"),
        ({"identifiers": {"type": "dns", "value": "a.test"}}, "malformed"),
        ({"identifiers": ["a.test"]}, "malformed"),
        ({"identifiers": [{"type": "dns"}]}, "malformed"),
        ({"identifiers": [{"type": "dns", "value": 5}]}, "malformed"),
        ({"identifiers": [{"value": "a.test"}]}, "malformed"),
        ({"identifiers": [{"type": "email", "value": "a@b.test"}]}, "unsupportedIdentifier"),
        ({"identifiers": [{"type": "DNS", "value": "a.test"}]}, "unsupportedIdentifier"),
        ({"identifiers": [{"type": "dns", "value": "a..test"}]}, "rejectedIdentifier"),
        ({"identifiers": [{"type": "dns", "value": "a.test"}], "notBefore": "tomorrow"}, "malformed"),
        ({"identifiers": [{"type": "dns", "value": "a.test"}], "notAfter": 5}, "malformed"),
        ({"identifiers": [{"type": "dns", "value": "a.test"}], "notAfter": "2030-01-01T00:00:00Z"}, "malformed"),
        (b"", "malformed"),
        (b"[]", "malformed"),
    ],
)
async def test_orders_that_are_none(client: AcmeClient, payload: Json | bytes, problem: str) -> None:
    """Bad input must get its own type, and leave nothing behind (fact 13, RFC 8555 section 7.4)."""
    answer = await client.post(client.directory["newOrder"], payload)
    assert answer.status == 400
    assert answer.problem == problem
    assert (await client.post(f"{client.kid}/orders")).json == {"orders": []}


async def test_each_refused_name_is_named(client: AcmeClient) -> None:
    """A user with 100 names could not tell which one is wrong (RFC 8555 section 6.7.1)."""
    answer = await client.order("good.test", "bad..test", "worse_.test")
    assert answer.problem == "rejectedIdentifier"
    refused = answer.json["subproblems"]
    assert [sub["identifier"]["value"] for sub in refused] == ["bad..test", "worse_.test"]
    assert {sub["type"] for sub in refused} == {"urn:ietf:params:acme:error:rejectedIdentifier"}
    assert all(sub["detail"] for sub in refused)


async def test_unknown_fields_of_an_order_are_ignored(client: AcmeClient) -> None:
    """A newer client would be shut out (fact 13)."""
    payload: Json = {"identifiers": [{"type": "dns", "value": "a.test", "x": 1}], "x": {"y": []}}
    assert (await client.post(client.directory["newOrder"], payload)).status == 201


async def test_an_authorization_and_its_challenges(client: AcmeClient) -> None:
    """What clients read to solve a challenge (RFC 8555 sections 7.1.4 and 8)."""
    order = (await client.order("a.test", "*.b.test")).json
    plain, wild = [(await client.post(url)).json for url in order["authorizations"]]
    assert (plain["status"], plain["identifier"]) == ("pending", {"type": "dns", "value": "a.test"})
    assert "wildcard" not in plain
    assert [challenge["type"] for challenge in plain["challenges"]] == ["http-01", "dns-01", "tls-alpn-01"]
    assert (wild["wildcard"], wild["identifier"]) == (True, {"type": "dns", "value": "b.test"})
    assert [challenge["type"] for challenge in wild["challenges"]] == ["dns-01"]
    for challenge in plain["challenges"]:
        assert challenge["status"] == "pending"
        assert len(challenge["token"]) >= 22
        assert not {"validated", "error"} & set(challenge)
        answer = await client.post(challenge["url"])
        assert answer.json == challenge
        assert f'<{order["authorizations"][0]}>;rel="up"' in answer.all("link")


@pytest.mark.parametrize("payload", [{}, {"keyAuthorization": "x.y", "resource": "challenge", "type": "http-01"}])
async def test_a_challenge_is_answered_with_any_object(server: AcmeServer, client: AcmeClient, payload: Json) -> None:
    """Old clients put fields into the body; processing is shown at once, and said twice it is the same (facts 2, 3)."""
    order = (await client.order("a.test")).json
    url = (await client.post(order["authorizations"][0])).json["challenges"][0]["url"]
    answers = [await client.post(url, payload) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert answers[0].json["status"] == "processing"
    assert int(answers[0].header("retry-after")) <= 600
    assert f'<{order["authorizations"][0]}>;rel="up"' in answers[0].all("link")
    decided = await server.decided(client, order["authorizations"][0])
    assert decided.json["status"] == "invalid"
    assert server.web.requests == 1
    for garbage in (b"[]", b"null", b"x"):
        assert (await client.post(url, garbage)).problem == "malformed"


async def test_a_challenge_that_succeeds(server: AcmeServer, client: AcmeClient) -> None:
    """Once one challenge is valid, the authorization shows no other (fact 20, RFC 8555 section 7.1.4)."""
    order = await client.order("a.test")
    authorization = (await server.validate(client, order.json["authorizations"][0])).json
    assert authorization["status"] == "valid"
    [challenge] = authorization["challenges"]
    assert (challenge["type"], challenge["status"]) == ("http-01", "valid")
    assert challenge["validated"].endswith("Z")
    assert (await client.post(challenge["url"], {})).json["status"] == "valid"
    assert (await client.post(order.header("location"))).json["status"] == "ready"


async def test_a_challenge_that_fails_says_why(server: AcmeServer, client: AcmeClient) -> None:
    """The user could not see what to change (RFC 8555 sections 7.1.6 and 8)."""
    order = await client.order("a.test")
    authorization_url = order.json["authorizations"][0]
    url = (await client.post(authorization_url)).json["challenges"][0]["url"]
    await client.post(url, {})
    [challenge] = (await server.decided(client, authorization_url)).json["challenges"]
    assert challenge["status"] == "invalid"
    assert challenge["error"]["type"] == "urn:ietf:params:acme:error:incorrectResponse"
    assert challenge["error"]["detail"]
    assert challenge["error"]["instance"].startswith("err-")
    failed = (await client.post(order.header("location"))).json
    assert failed["status"] == "invalid"
    assert failed["error"]["type"] == "urn:ietf:params:acme:error:incorrectResponse"
    assert (await client.post(f"{client.kid}/orders")).json == {"orders": []}


async def test_an_authorization_is_given_up(server: AcmeServer, client: AcmeClient) -> None:
    """Control that a user gave up would still get certificates (RFC 8555 section 7.5.2, rule 50)."""
    order = await server.ready_order(client, "a.test")
    url = order.json["authorizations"][0]
    assert (await client.post(url, {"status": "deactivated"})).json["status"] == "deactivated"
    assert (await client.post(url)).json["status"] == "deactivated"
    assert (await client.post(order.header("location"))).json["status"] == "invalid"
    answer = await client.post(order.json["finalize"], {"csr": csr("a.test")})
    assert (answer.status, answer.problem) == (403, "orderNotReady")
    assert (await client.post(url, {"status": "deactivated"})).problem == "malformed"
    assert (await client.post(url, {"status": "valid"})).problem == "malformed"
    assert (await client.post(url, {})).problem == "malformed"


async def test_finalize_gives_the_certificate(server: AcmeServer, client: AcmeClient) -> None:
    """The whole road: Location in the finalize answer, valid at once, the chain leaf first (facts 8, 10, 22)."""
    key = ec.generate_private_key(ec.SECP256R1())
    order = await server.ready_order(client, "a.test", "b.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("b.test", "a.test", key=key)})
    assert (answer.status, answer.json["status"]) == (200, "valid")
    assert answer.header("location") == order.header("location")
    assert (await client.post(order.header("location"))).json == answer.json
    delivered = await client.post(answer.json["certificate"])
    assert delivered.header("content-type") == "application/pem-certificate-chain"
    assert all('rel="up"' not in link for link in delivered.all("link"))
    assert delivered.body.endswith(b"-----END CERTIFICATE-----\n")
    leaf, issuing = x509.load_pem_x509_certificates(delivered.body)
    leaf.verify_directly_issued_by(issuing)
    assert leaf.public_key() == key.public_key()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"a.test", "b.test"}


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({}, "malformed"),
        ({"csr": None}, "malformed"),
        ({"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, "malformed"),
        ({"csr": csr("a.test") + "="}, "malformed"),
        ({"csr": ""}, "malformed"),
        ({"csr": b64(b"\x30\x00")}, "badCSR"),
        ({"csr": csr("other.test")}, "badCSR"),
        ({"csr": csr("a.test", "b.test")}, "badCSR"),
    ],
)
async def test_a_bad_csr_leaves_the_order_ready(
    server: AcmeServer, client: AcmeClient, payload: Json, problem: str
) -> None:
    """The user could not correct the CSR and try again (RFC 8555 section 7.4, rule 49)."""
    order = await server.ready_order(client, "a.test")
    answer = await client.post(order.json["finalize"], payload)
    assert (answer.status, answer.problem) == (400, problem)
    assert (await client.post(order.header("location"))).json["status"] == "ready"
    assert (await client.post(order.json["finalize"], {"csr": csr("a.test")})).json["status"] == "valid"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512"])
@pytest.mark.parametrize("whose", ["own", "another's", "a deactivated one's"])
async def test_an_account_key_is_no_certificate_key(
    server: AcmeServer, account_keys: dict[str, PrivateKey], algorithm: str, whose: str
) -> None:
    """RFC 8555 section 11.1: a CSR with the key of any account MUST be refused (rule 29, abuse 29)."""
    owner = await server.account(account_keys[algorithm])
    client = owner if whose == "own" else await server.account()
    if whose == "a deactivated one's":
        await owner.post(owner.kid, {"status": "deactivated"})
    order = await server.ready_order(client, "a.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("a.test", key=owner.key)})
    assert (answer.status, answer.problem) == (400, "badCSR")
    assert (await client.post(order.header("location"))).json["status"] == "ready"


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - a weak key is the point
        ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["rsa1024", "secp256k1"],
)
async def test_a_key_that_is_not_certified(
    server: AcmeServer, client: AcmeClient, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    """The type badPublicKey is about the JWS: told it for a CSR, a client blames its account (RFC 8555 section 6.7)."""
    order = await server.ready_order(client, "a.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("a.test", key=key)})
    assert (answer.status, answer.problem) == (400, "badCSR")
    assert "P-256" in answer.json["detail"]


async def test_an_order_that_is_not_ready(client: AcmeClient) -> None:
    """RFC 8555 section 7.4: orderNotReady with 403, and nothing happens."""
    order = await client.order("a.test")
    answer = await client.post(order.json["finalize"], {"csr": csr("a.test")})
    assert (answer.status, answer.problem) == (403, "orderNotReady")
    assert (await client.post(order.header("location"))).json["status"] == "pending"


async def test_parallel_finalizes_give_one_certificate(server: AcmeServer, client: AcmeClient) -> None:
    """One order would cost two certificates (rule 5)."""
    order = await server.ready_order(client, "a.test")
    answers = await asyncio.gather(*(client.post(order.json["finalize"], {"csr": csr("a.test")}) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 19
    assert {answer.problem for answer in answers if answer.status != 200} == {"orderNotReady"}
    order_id = order.header("location").rpartition("/")[2]
    assert len(await server.core.store.read(lambda tx: tx.certificates.of_order(order_id))) == 1


async def test_an_order_expires(server: AcmeServer, client: AcmeClient) -> None:
    """An order could be finalized on control that was shown long ago (rule 50, RFC 8555 section 7.1.6)."""
    order = await server.ready_order(client, "a.test")
    server.installation.clock.advance(days=8)
    assert (await client.post(order.header("location"))).json["status"] == "invalid"
    assert (await client.post(order.json["authorizations"][0])).json["status"] == "expired"
    answer = await client.post(order.json["finalize"], {"csr": csr("a.test")})
    assert (answer.status, answer.problem) == (403, "orderNotReady")
    assert (await client.post(f"{client.kid}/orders")).json == {"orders": []}


async def test_resources_that_are_only_read(server: AcmeServer, client: AcmeClient) -> None:
    """RFC 8555 section 6.3: POST-as-GET has an empty payload (rule 45)."""
    order = await server.issued_order(client, "a.test")
    for url in (order.header("location"), order.json["certificate"], f"{client.kid}/orders"):
        assert (await client.post(url, {})).problem == "malformed"
        assert (await client.post(url)).status == 200


async def test_alternate_chains(server: AcmeServer, client: AcmeClient) -> None:
    """A client could not find the chain its relying parties trust (RFC 8555 section 7.4.2, fact 9)."""
    issuer, root = server.installation.issuer, server.installation.root
    crossed = replace(issuer, id="iss-crossed", name="crossed", alternate_chains=((issuer.certificate, root), (root,)))
    product = replace(private_product(), issuer_id=crossed.id, version="3")

    def put(tx: Transaction) -> None:
        tx.issuers.add(crossed)
        tx.products.put(product)

    await server.core.store.write(put)
    url = (await server.issued_order(client, "a.test")).json["certificate"]
    chains = {}
    for this in (url, f"{url}/1", f"{url}/2"):
        answer = await client.post(this)
        chains[this] = x509.load_pem_x509_certificates(answer.body)
        others = {url, f"{url}/1", f"{url}/2"} - {this}
        assert {f'<{other}>;rel="alternate"' for other in others} == {
            link for link in answer.all("link") if "alternate" in link
        }
    assert [len(chain) for chain in chains.values()] == [2, 3, 2]
    assert len({chain[0] for chain in chains.values()}) == 1
    for missing in ("3", "9", "10", "-1", "x", "01", "0", "%00"):
        assert (await client.post(f"{url}/{missing}")).status == 404


async def test_the_orders_list_is_paged(
    server: AcmeServer, client: AcmeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account with 10,000 orders would get them in one answer, or never see the later ones (section 7.1.2.1)."""
    monkeypatch.setattr("gateway.acme.orders._PAGE", 3)
    placed = []
    for number in range(7):
        server.installation.clock.advance(seconds=1)
        placed.append((await client.order(f"h{number}.test")).header("location"))
    other = await server.account()
    await other.order("other.test")
    url, listed, pages = f"{client.kid}/orders", [], 0
    while url:
        answer = await client.post(url)
        listed += answer.json["orders"]
        pages += 1
        following = [link for link in answer.all("link") if link.endswith(';rel="next"')]
        url = following[0].partition(">")[0].removeprefix("<") if following else ""
    assert (listed, pages) == (placed, 3)
    for query in ("cursor=", "cursor=x", "cursor=ord-1", "x=1", "cursor=%00"):
        assert (await client.post(f"{client.kid}/orders?{query}")).problem == "malformed"


@pytest.mark.parametrize("state", list(OrderState))
async def test_every_state_has_its_status(server: AcmeServer, client: AcmeClient, state: OrderState) -> None:
    """A client would wait for ever, or give up too early (RFC 8555 section 7.1.6)."""
    location = (await client.order("a.test")).header("location")
    stored = await server.core.store.read(lambda tx: tx.orders.get(location.rpartition("/")[2]))
    assert stored is not None
    order = replace(stored, state=state)
    now = order.created_at
    expected = {
        OrderState.NEW: "ready",
        OrderState.ISSUED: "valid",
        OrderState.REVOKED: "valid",
        OrderState.FAILED: "invalid",
        OrderState.REJECTED: "invalid",
        OrderState.UNKNOWN: "invalid",
    }.get(state, "processing")
    assert order_status(order, (), now) == expected
    late = order_status(order, (), order.expires_at + timedelta(seconds=1))
    assert late == ("invalid" if state is OrderState.NEW else expected)
