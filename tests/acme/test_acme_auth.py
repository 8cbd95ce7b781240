"""Who signed a request (RFC 8555 sections 6.2-6.5; rules 34-40, 45, 48; abuse 13-18)."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.routing import Router

from gateway.acme.directory import Directory
from gateway.acme.nonces import LIFETIME, Nonces
from gateway.acme.resource import Resource
from gateway.acme.routes import build_app, routes
from store.database import open_store
from tests.acme.acme_client import AcmeClient, csr
from tests.acme.acme_server import EXTERNAL_URL, NONCE_KEY, AcmeServer
from tests.acme.signing import Json, PrivateKey, envelope, jwk_of, jws

BASE = f"{EXTERNAL_URL}/acme"
SOME_ID = "01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"
KID_ONLY = [
    "", "/directory", "/new-nonce", "/new-order", "/new-authz", "/key-change",
    f"/account/acc-{SOME_ID}", f"/account/acc-{SOME_ID}/orders", f"/order/ord-{SOME_ID}",
    f"/order/ord-{SOME_ID}/finalize", f"/authorization/azn-{SOME_ID}", f"/challenge/chl-{SOME_ID}",
    f"/certificate/crt-{SOME_ID}", f"/certificate/crt-{SOME_ID}/1",
]  # fmt: skip
ENDPOINTS = [("/new-account", {"jwk"}), ("/revoke-cert", {"jwk", "kid"}), *((path, {"kid"}) for path in KID_ONLY)]


def test_every_endpoint_is_in_the_matrix() -> None:
    """A new route could do without the tests of this module (abuse 46)."""
    directory = Directory(external_url=EXTERNAL_URL, enrolment=None)
    nothing: Any = None  # the table is only looked at
    table = routes(nothing, directory, nothing)
    posts = {route.path for route in table if isinstance(route.app, Resource) and route.app.post is not None}
    covered = {re.sub("[a-z]{3}-" + SOME_ID, "{id}", path).replace("}/1", "}/{chain}") for path, _ in ENDPOINTS}
    assert posts == {f"/acme{path}" for path in covered}


@pytest.mark.parametrize(("path", "accepted"), ENDPOINTS)
@pytest.mark.parametrize("signer", [set(), {"jwk"}, {"kid"}, {"jwk", "kid"}], ids=["none", "jwk", "kid", "both"])
async def test_each_endpoint_takes_its_kind_of_signer(
    client: AcmeClient, path: str, accepted: set[str], signer: set[str]
) -> None:
    """An embedded key would be trusted where an account must sign, or the reverse (rule 35, abuse 14 and 16)."""
    values = {"jwk": jwk_of(client.key), "kid": client.kid}
    header: Json = {name: values[name] if name in signer else None for name in values}
    answer = await client.post(BASE + path, {}, **header)
    if len(signer) == 1 and signer <= accepted:
        assert "kid" not in answer.json.get("detail", "")
        assert "jwk" not in answer.json.get("detail", "")
    else:
        assert (answer.status, answer.problem) == (400, "malformed")
        assert '"jwk"' in answer.json["detail"]
        assert '"kid"' in answer.json["detail"]


@pytest.mark.parametrize(
    "change",
    [
        lambda kid: kid + "/",
        lambda kid: kid.replace("https://", "http://"),
        lambda kid: kid.replace("ca.example", "ca.example.evil.test"),
        lambda kid: kid.replace("ca.example", "CA.example"),
        lambda kid: kid.replace(":14000", ""),
        lambda kid: kid.replace("/acme/account/", "/acme/order/"),
        lambda kid: kid.replace("/acme/account/", "/acme/account/../account/"),
        lambda kid: kid.replace("/account/acc-", "/account/ACC-"),
        lambda kid: kid + "%00",
        lambda kid: kid + "?x=1",
        lambda kid: kid + "#x",
        lambda kid: kid + "\n",
        lambda kid: kid.rpartition("/")[2],
        lambda _: f"{BASE}/account/",
        lambda _: f"{BASE}/account/1",
        lambda _: f"{BASE}/account/99999999999999999999999999",
        lambda _: f"{BASE}/account/acc-' OR 1=1",
        lambda _: "",
    ],
)
async def test_a_kid_is_an_account_url_to_the_letter(client: AcmeClient, change: object) -> None:
    """A kid of another server, or spelled another way, would name an account (rule 36, abuse 14)."""
    assert callable(change)
    answer = await client.post(client.directory["newOrder"], {}, kid=change(client.kid))
    assert (answer.status, answer.problem) == (400, "malformed")
    assert '"kid" must be the account URL' in answer.json["detail"]


async def test_an_unknown_account(client: AcmeClient) -> None:
    """The type tells clients to register again (RFC 8555 section 6.2)."""
    answer = await client.post(client.directory["newOrder"], {}, kid=f"{BASE}/account/acc-{SOME_ID}")
    assert (answer.status, answer.problem) == (400, "accountDoesNotExist")


async def test_another_accounts_key_does_not_sign(server: AcmeServer, client: AcmeClient) -> None:
    """Whoever has an account could act for every other (RFC 8555 section 6.2)."""
    other = await server.account()
    answer = await other.post(client.kid, {"status": "deactivated"}, kid=client.kid)
    assert (answer.status, answer.problem) == (400, "malformed")
    assert (await client.post(client.kid)).json["status"] == "valid"


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere/acme/new-order",
        "http://ca.example:14000/acme/new-order",
        "https://ca.example/acme/new-order",
        f"{BASE}/new-order/",
        f"{BASE}/new-order?x=1",
        f"{BASE}/new-account",
        f"{BASE}/%6eew-order",
        "/acme/new-order",
        "",
    ],
)
async def test_the_signed_url_is_the_requests(client: AcmeClient, url: str) -> None:
    """A request for one URL would be carried out at another; the Host header says nothing (rule 37, abuse 15)."""
    answer = await client.raw(
        client.directory["newOrder"], jws(client.key, {}, kid=client.kid, nonce=await client.nonce(), url=url)
    )
    assert (answer.status, answer.problem) == (403, "unauthorized")


async def test_forged_hosts_change_nothing(client: AcmeClient) -> None:
    """Behind a proxy the Host header is anybody's (rule 37): the test client always sends `Host: elsewhere`."""
    body = jws(client.key, b"", kid=client.kid, nonce=await client.nonce(), url=client.kid)
    forged = [("content-type", "application/jose+json"), ("x-forwarded-host", "evil"), ("x-forwarded-proto", "http")]
    answer = await client.raw(client.kid, body, forged)
    assert answer.status == 200
    assert answer.json["orders"].startswith(BASE)


async def test_a_nonce_is_good_once(client: AcmeClient) -> None:
    """A recorded request could be sent again (rule 38, RFC 8555 section 6.5)."""
    body = jws(client.key, b"", kid=client.kid, nonce=await client.nonce(), url=client.kid)
    assert (await client.raw(client.kid, body)).status == 200
    answer = await client.raw(client.kid, body)
    assert (answer.status, answer.problem) == (400, "badNonce")
    assert "JWS has an invalid anti-replay nonce" in answer.json["detail"]
    retry = jws(client.key, b"", kid=client.kid, nonce=answer.header("replay-nonce"), url=client.kid)
    assert (await client.raw(client.kid, retry)).status == 200


async def test_100_replays_at_once_are_one_request(client: AcmeClient) -> None:
    """Two workers, or two requests at one, would both take the nonce (rule 38, F3)."""
    body = jws(client.key, b"", kid=client.kid, nonce=await client.nonce(), url=client.kid)
    answers = await asyncio.gather(*(client.raw(client.kid, body) for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 99
    assert {answer.problem for answer in answers if answer.status == 400} == {"badNonce"}


async def test_100_replays_of_a_new_order_place_one(client: AcmeClient) -> None:
    """An effect could be committed without the nonce that pays for it (rule 38)."""
    url = client.directory["newOrder"]
    payload: Json = {"identifiers": [{"type": "dns", "value": "a.test"}]}
    body = jws(client.key, payload, kid=client.kid, nonce=await client.nonce(), url=url)
    answers = await asyncio.gather(*(client.raw(url, body) for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 99
    assert {answer.problem for answer in answers if answer.status == 400} == {"badNonce"}
    assert len((await client.post(f"{client.kid}/orders")).json["orders"]) == 1


async def test_a_replay_learns_nothing_but_that(client: AcmeClient) -> None:
    """Sent again, a refused or a reading request would answer something else than badNonce (rule 38)."""
    for url in (client.kid, f"{client.kid}/orders", f"{BASE}/order/ord-{SOME_ID}", client.directory["revokeCert"]):
        body = jws(client.key, b"", kid=client.kid, nonce=await client.nonce(), url=url)
        await client.raw(url, body)
        answer = await client.raw(url, body)
        assert answer.problem == "badNonce"
        assert answer.json["instance"].startswith("err-")


@pytest.fixture
def workers(server: AcmeServer, tmp_path: Path) -> Iterator[list[Router]]:
    """Return the applications of three more workers: each with its own connections to the same database."""
    stores = [open_store(f"sqlite:///{tmp_path}/trivium.db") for _ in range(3)]
    cores = [replace(server.core, store=store) for store in stores]
    yield [build_app(core, [server.directory], Nonces(NONCE_KEY, core.sources)) for core in cores]
    for store in stores:
        store.close()


async def test_a_nonce_is_good_at_another_worker_and_used_up_there(client: AcmeClient, workers: list[Router]) -> None:
    """Behind a load balancer every second request would be refused, or a replay taken (rules 38 and 39, fact 5)."""
    body = jws(client.key, b"", kid=client.kid, nonce=await client.nonce(), url=client.kid)
    there = replace(client, app=workers[0])
    assert (await there.raw(client.kid, body)).status == 200
    assert (await client.raw(client.kid, body)).problem == "badNonce"


async def test_100_replays_at_four_workers_place_one_order(
    server: AcmeServer, client: AcmeClient, workers: list[Router]
) -> None:
    """Each worker could take the nonce once (rule 38, F3)."""
    url = client.directory["newOrder"]
    payload: Json = {"identifiers": [{"type": "dns", "value": "a.test"}]}
    body = jws(client.key, payload, kid=client.kid, nonce=await client.nonce(), url=url)
    apps = [server.app, *workers]
    answers = await asyncio.gather(*(replace(client, app=apps[n % 4]).raw(url, body) for n in range(100)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 99
    assert {answer.problem for answer in answers if answer.status == 400} == {"badNonce"}
    assert len((await client.post(f"{client.kid}/orders")).json["orders"]) == 1


async def test_a_nonce_is_used_up_by_a_refused_request_too(client: AcmeClient) -> None:
    """A refused request could be sent again when it would be granted (rule 38)."""
    url = client.directory["newOrder"]
    body = jws(client.key, {}, kid=client.kid, nonce=await client.nonce(), url=url)
    assert (await client.raw(url, body)).problem == "malformed"
    assert (await client.raw(url, body)).problem == "badNonce"


async def test_a_forged_request_uses_its_nonce_up_too(client: AcmeClient) -> None:
    """RFC 8555 section 6.5: what has appeared in a request, however bad its signature, must be as if never issued."""
    for signer, url in ((ec.generate_private_key(ec.SECP256R1()), client.kid), (client.key, f"{client.kid}/orders")):
        nonce = await client.nonce()
        header = {"alg": "ES256", "kid": client.kid, "nonce": nonce, "url": url}
        body = json.dumps(envelope(signer, header, b"")).encode()
        assert (await client.raw(client.kid, body)).problem in {"malformed", "unauthorized"}
        assert (await client.raw(client.kid, body)).problem == "badNonce"
        assert (await client.post(client.kid, nonce=nonce)).problem == "badNonce"


async def test_a_bad_signature_is_told_before_a_bad_nonce(client: AcmeClient) -> None:
    """A client with the wrong key would try again with nonce after nonce (rule 38)."""
    header = {"alg": "ES256", "kid": client.kid, "nonce": "AAAA", "url": client.kid}
    forged = envelope(ec.generate_private_key(ec.SECP256R1()), header, b"")
    assert (await client.raw(client.kid, json.dumps(forged).encode())).problem == "malformed"


async def test_nonces_that_are_not_ours_or_too_old(server: AcmeServer, client: AcmeClient) -> None:
    """Every nonce that is no good must be badNonce, which clients retry, and never a 500 (rule 39)."""
    old = await client.nonce()
    stranger = Nonces(bytes(32), server.core.sources).issue()
    server.installation.clock.time += LIFETIME
    for nonce in (old, stranger, "", "AAAA", "A" * 2000, None):
        answer = await client.post(client.kid, nonce=nonce)
        assert (answer.status, answer.problem) == (400, "badNonce")
        assert answer.header("replay-nonce")
    for strange in ("not base64!", "QUJD=", 5, ["AAAA"]):
        assert (await client.post(client.kid, nonce=strange)).problem == "malformed"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256", "RS384"])
async def test_a_refused_algorithm_comes_with_the_list(client: AcmeClient, algorithm: str) -> None:
    """RFC 8555 section 6.2: the problem MUST have the list of algorithms (rule 34)."""
    answer = await client.post(client.kid, alg=algorithm)
    assert (answer.status, answer.problem) == (400, "badSignatureAlgorithm")
    assert answer.json["algorithms"] == ["RS256", "ES256", "ES384", "ES512", "EdDSA"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
async def test_every_kind_of_account_key_gets_a_certificate(
    server: AcmeServer, account_keys: dict[str, PrivateKey], algorithm: str
) -> None:
    """A kind of key that can register but not finalize would leave its user stuck (acme.md fact 15)."""
    client = await server.account(account_keys[algorithm])
    assert (await server.issued_order(client, f"{algorithm.lower()}.test")).json["status"] == "valid"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"payload":"","signature":"AAAA","protected":"e30"}',
        b"[" * 40_000,
        b'{"a":' * 8_000,
    ],
)
async def test_bodies_that_are_no_jws(client: AcmeClient, body: bytes) -> None:
    """Garbage would be a 500 (rule 43, F11)."""
    answer = await client.raw(client.directory["newOrder"], body)
    assert (answer.status, answer.problem) == (400, "malformed")
    assert answer.header("replay-nonce")


async def everything_of(server: AcmeServer, owner: AcmeClient) -> dict[str, list[Json | bytes]]:
    """Return every URL of an account with two orders, and the payloads that can be sent there."""
    issued = await server.issued_order(owner, "a.test")
    pending = await owner.order("b.test")
    authorization = (await owner.post(pending.json["authorizations"][0])).json
    return {
        owner.kid: [b"", {"contact": []}, {"status": "deactivated"}],
        f"{owner.kid}/orders": [b""],
        issued.header("location"): [b""],
        pending.header("location"): [b""],
        pending.json["finalize"]: [{"csr": csr("b.test")}],
        pending.json["authorizations"][0]: [b"", {"status": "deactivated"}],
        issued.json["authorizations"][0]: [b"", {"status": "deactivated"}],
        authorization["challenges"][0]["url"]: [b"", {}],
        issued.json["certificate"]: [b""],
        f"{issued.json['certificate']}/1": [b""],
    }


def like_a_missing_one(url: str) -> str:
    """Return the URL of something that does not exist, of the same kind."""
    tail = url.removeprefix(f"{BASE}/").split("/")
    tail[1] = f"{tail[1][:4]}{SOME_ID}"
    return "/".join([BASE, *tail])


async def test_another_account_sees_nothing(server: AcmeServer, client: AcmeClient) -> None:
    """An account could read or end what belongs to another, or learn that it exists (rule 45, abuse 22)."""
    other = await server.account()
    for url, payloads in (await everything_of(server, client)).items():
        for payload in payloads:
            answer = await other.post(url, payload)
            missing = await other.post(like_a_missing_one(url), payload)
            assert (answer.status, answer.problem) == (404, "malformed"), url
            comparable = [
                {key: value for key, value in one.json.items() if key != "instance"} for one in (answer, missing)
            ]
            assert comparable[0] == comparable[1], url
    assert (await client.post(client.kid)).json["status"] == "valid"


async def test_a_deactivated_account_gets_nothing(server: AcmeServer, client: AcmeClient) -> None:
    """A stolen key would go on working after its owner gave it up (rule 48, RFC 8555 section 7.3.6)."""
    everything = await everything_of(server, client)
    ready = await server.ready_order(client, "c.test")
    assert (await client.post(client.kid, {"status": "deactivated"})).json["status"] == "deactivated"
    everything[ready.json["finalize"]] = [{"csr": csr("c.test")}]
    everything[client.directory["newOrder"]] = [{"identifiers": [{"type": "dns", "value": "d.test"}]}]
    everything[client.directory["keyChange"]] = [{}]
    everything[client.directory["revokeCert"]] = [{}]
    for url, payloads in everything.items():
        for payload in payloads:
            answer = await client.post(url, payload)
            assert (answer.status, answer.problem) == (401, "unauthorized"), url
    again = await client.post_by_key(client.directory["newAccount"], {})
    assert (again.status, again.problem) == (401, "unauthorized")
