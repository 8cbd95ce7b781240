"""The HTTP around ACME: methods, headers, media types, sizes, directory, nonces (RFC 8555 sections 6 and 7.1-7.2)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from starlette.routing import Route

from ca_core.model.errors import ErrorKind
from gateway.acme.directory import Directory
from gateway.acme.errors import PROBLEM_TYPES
from gateway.acme.front_end import Reply
from gateway.acme.nonces import Nonces
from gateway.acme.request import MAX_BODY
from gateway.acme.resource import Resource
from gateway.acme.routes import build_app, routes
from tests.acme.acme_client import JOSE, AcmeClient, send
from tests.acme.acme_server import EXTERNAL_URL, NONCE_KEY, AcmeServer
from tests.acme.signing import jws

BASE = f"{EXTERNAL_URL}/acme"
INDEX = f'<{BASE}/directory>;rel="index"'


def test_every_kind_of_error_has_its_acme_type() -> None:
    """A kind without a type would be a KeyError in the middle of an answer."""
    assert set(PROBLEM_TYPES) == set(ErrorKind)


def test_only_types_of_the_rfc_are_used() -> None:
    """Clients know the types of RFC 8555 section 6.7, of RFC 9773 and of the profiles' draft, and no others."""
    known = {
        "accountDoesNotExist", "alreadyReplaced", "alreadyRevoked", "badCSR", "badNonce", "badPublicKey",
        "badRevocationReason", "badSignatureAlgorithm", "caa", "compound", "connection", "dns",
        "externalAccountRequired", "incorrectResponse", "invalidContact", "invalidProfile", "malformed",
        "orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal", "tls", "unauthorized",
        "unsupportedContact", "unsupportedIdentifier", "userActionRequired",
    }  # fmt: skip
    assert {name for name, _ in PROBLEM_TYPES.values()} <= known


def test_conflict_is_not_409_by_itself() -> None:
    """For certbot any 409 outside of `replaces` is an account conflict (acme.md fact 21)."""
    assert {kind for kind, (_, status) in PROBLEM_TYPES.items() if status == 409} == {ErrorKind.ALREADY_REPLACED}


@pytest.mark.parametrize("path", ["/acme/directory", "/acme"])
async def test_the_directory_answers_at_both_urls(server: AcmeServer, path: str) -> None:
    """Clients are given either URL (acme.md fact 18, RFC 8555 section 7.1.1)."""
    answer = await send(server.app, "GET", EXTERNAL_URL + path)
    assert answer.status == 200
    assert answer.header("content-type") == "application/json"
    assert answer.json == {
        "newNonce": f"{BASE}/new-nonce",
        "newAccount": f"{BASE}/new-account",
        "newOrder": f"{BASE}/new-order",
        "newAuthz": f"{BASE}/new-authz",
        "revokeCert": f"{BASE}/revoke-cert",
        "keyChange": f"{BASE}/key-change",
        "renewalInfo": f"{BASE}/renewal-info",
        "meta": {"externalAccountRequired": False, "profiles": {"tls": "tls"}},
    }
    head = await send(server.app, "HEAD", EXTERNAL_URL + path)
    assert (head.status, head.body) == (200, b"")
    assert head.header("replay-nonce")


async def test_the_directory_says_what_it_is_told_to(server: AcmeServer) -> None:
    """Clients could not show the terms, nor users set their CAA records (RFC 8555 section 7.1.1)."""
    told = server.with_directory(
        terms_url="https://ca.example/terms", website="https://ca.example", caa_identities=("ca.example",)
    )
    assert (await told.client()).directory["meta"] == {
        "externalAccountRequired": False,
        "profiles": {"tls": "tls"},
        "termsOfService": "https://ca.example/terms",
        "website": "https://ca.example",
        "caaIdentities": ["ca.example"],
    }


@pytest.mark.parametrize(
    ("external_url", "base_path"),
    [
        ("https://ca.example:443", "/acme"),
        ("http://ca.example:80", "/acme"),
        ("https://ca.example/", "/acme"),
        ("https://cä.example", "/acme"),
        ("ca.example", "/acme"),
        ("https://ca.example", "acme"),
        ("https://ca.example", "/acme/"),
        ("https://ca.example", ""),
    ],
)
def test_urls_that_clients_would_spell_another_way(external_url: str, base_path: str) -> None:
    """Clients compare URLs as strings: a default port or a double slash would refuse every request (fact 18)."""
    with pytest.raises(ValueError, match=r"the (external URL|base path)"):
        Directory(external_url=external_url, base_path=base_path, enrolment=None)


async def test_two_directories_stand_side_by_side(server: AcmeServer) -> None:
    """A directory that demands EAB could not be offered beside one that does not."""
    other = Directory(external_url=EXTERNAL_URL, base_path="/eab", enrolment=None)
    app = build_app(server.core, [server.directory, other], Nonces(NONCE_KEY, server.core.sources))
    for path, required in (("/acme", False), ("/eab", True)):
        answer = await send(app, "GET", f"{EXTERNAL_URL}{path}/directory")
        assert answer.json["meta"]["externalAccountRequired"] is required
        assert answer.json["newNonce"] == f"{EXTERNAL_URL}{path}/new-nonce"
        assert (await send(app, "GET", f"{EXTERNAL_URL}{path}/nothing")).status == 404
    assert (await send(app, "GET", f"{EXTERNAL_URL}/elsewhere")).status == 404


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204)])
async def test_new_nonce(server: AcmeServer, method: str, status: int) -> None:
    """RFC 8555 section 7.2: HEAD 200, GET 204, both with a nonce that nothing may cache (acme.md fact 6)."""
    answer = await send(server.app, method, f"{BASE}/new-nonce")
    assert (answer.status, answer.body) == (status, b"")
    assert answer.header("cache-control") == "no-store"
    assert answer.header("link") == INDEX
    other = await send(server.app, method, f"{BASE}/new-nonce")
    assert other.header("replay-nonce") != answer.header("replay-nonce")


@pytest.mark.parametrize(("path", "status"), [("", 200), ("/directory", 200), ("/new-nonce", 204)])
async def test_what_a_get_reads_a_post_as_get_reads_too(client: AcmeClient, path: str, status: int) -> None:
    """RFC 8555 section 6.3: directory and newNonce take both, for clients that know one way of reading."""
    answer = await client.post(BASE + path)
    assert (answer.status, answer.body) == (status, (await send(client.app, "GET", BASE + path)).body)
    assert answer.header("replay-nonce")
    refused = await client.post(BASE + path, {})
    assert (refused.status, refused.problem) == (400, "malformed")


def resource_paths() -> list[str]:
    """Return every path of the route table, with ids of the right form."""
    directory = Directory(external_url=EXTERNAL_URL, enrolment=None)
    nothing: Any = None  # the table is only looked at
    table = routes(nothing, directory, nothing)
    assert all(isinstance(route, Route) and isinstance(route.app, Resource) for route in table)
    some_id = "acc-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"
    certificate = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    return [
        route.path.replace("{id}", some_id).replace("{chain}", "1").replace("{certificate}", certificate)
        for route in table
        if "{path" not in route.path
    ]


@pytest.mark.parametrize("path", resource_paths())
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
async def test_methods(server: AcmeServer, path: str, method: str) -> None:
    """A wrong method gets 405 with Allow, a plain GET of a resource too (RFC 8555 section 6.3, acme.md fact 13)."""
    answer = await send(server.app, method, EXTERNAL_URL + path)
    readable = path in {"/acme", "/acme/directory", "/acme/new-nonce"}
    renewal = path.startswith("/acme/renewal-info/")
    allowed = ({"GET", "HEAD"} if readable or renewal else set()) | (set() if renewal else {"POST"})
    assert answer.header("replay-nonce")
    assert answer.header("link") == INDEX
    if method not in allowed:
        assert answer.status == 405
        assert set(answer.header("allow").split(", ")) == allowed
        assert method == "HEAD" or answer.problem == "malformed"
    else:
        assert answer.status != 405


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/elsewhere",
        "/acme/",
        "/acme/nothing",
        "/acme/order",
        "/acme/order/",
        "/acme/new-order/",
        "/acme/directory/",
        "/acme/account/x/y/z",
    ],
)
async def test_unknown_urls(server: AcmeServer, method: str, path: str) -> None:
    """An unknown URL gets 404 malformed, and never an answer without a nonce (acme.md facts 6 and 13)."""
    answer = await send(server.app, method, EXTERNAL_URL + path)
    assert answer.status == 404
    assert answer.header("replay-nonce")
    assert method == "HEAD" or answer.problem == "malformed"


@pytest.mark.parametrize(
    "some_id",
    [
        "1", "acc-1", "ord-x", "ord-01a20d8f-a4e8-76c7-b0d6-a63cd94e364", "ord-01A20D8F-a4e8-76c7-b0d6-a63cd94e3640",
        "%00", "..", "%2e%2e", "ord-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640%0a", "%F0%9F%98%80", "9" * 400,
    ],
)  # fmt: skip
@pytest.mark.parametrize("resource", ["order", "authorization", "challenge", "certificate", "account"])
async def test_strange_ids_are_unknown(client: AcmeClient, resource: str, some_id: str) -> None:
    """An id that no database takes would be a 500 (abuse 65, rule 36)."""
    answer = await client.post(f"{BASE}/{resource}/{some_id}")
    assert (answer.status, answer.problem) == (404, "malformed")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "application/json")],
        [("content-type", "application/jose+json; charset=utf-8")],
        [("content-type", "application/jose+json;")],
        [("content-type", "Application/JOSE+JSON")],
        [("content-type", "application/jose")],
        [("content-type", "")],
        [("content-type", JOSE), ("content-type", JOSE)],
        [("content-type", JOSE), ("content-encoding", "gzip")],
    ],
)
async def test_the_media_type_is_exact(client: AcmeClient, headers: list[tuple[str, str]]) -> None:
    """Content-Type is exactly application/jose+json, else 415 (rule 32)."""
    answer = await client.post(client.directory["newOrder"], {"identifiers": []}, headers=headers)
    assert (answer.status, answer.problem) == (415, "malformed")
    assert answer.header("replay-nonce")


async def test_a_replay_nonce_header_in_a_request_is_refused(client: AcmeClient) -> None:
    """RFC 8555 section 6.5.1: the header is for answers; a client that sends it is confused (rule 40)."""
    headers = [("content-type", JOSE), ("replay-nonce", "AAAA")]
    answer = await client.post(client.directory["newOrder"], {}, headers=headers)
    assert (answer.status, answer.problem) == (400, "malformed")


async def test_large_bodies_are_refused_while_reading(client: AcmeClient) -> None:
    """A body of 100 MB would be held in memory (rule 44)."""
    url = client.directory["newOrder"]
    pieces = iter([b"x" * 10_000] * 100)
    for body in (b"x" * (MAX_BODY + 1), pieces):
        answer = await client.raw(url, body)
        assert (answer.status, answer.problem) == (413, "malformed")
    lie = [("content-type", JOSE), ("content-length", "99999999999999999999")]
    assert (await client.raw(url, [b"{}"], lie)).status == 413
    assert (await client.raw(url, [b"{}"], [("content-type", JOSE), ("content-length", "-1")])).status == 413
    padded = jws(client.key, {"p": "x" * 20_000}, kid=client.kid, nonce=await client.nonce(), url=url)
    at_the_limit = padded + b" " * (MAX_BODY - len(padded))
    assert (await client.raw(url, at_the_limit)).json["detail"].startswith('"identifiers"')


async def test_chunked_bodies_are_joined(client: AcmeClient) -> None:
    """A body that comes in pieces would be cut."""
    body = jws(client.key, b"", kid=client.kid, nonce=await client.nonce(), url=client.kid)
    answer = await client.raw(client.kid, [body[:10], body[10:200], body[200:]])
    assert answer.json["status"] == "valid"


async def test_a_client_that_goes_away_is_not_answered(server: AcmeServer, client: AcmeClient) -> None:
    """An exception in the log for every broken connection would hide the real ones."""
    with pytest.raises(ValueError, match="not enough values"):
        await send(server.app, "POST", client.kid, [], [("content-type", JOSE)])


async def test_every_refusal_can_be_looked_up(server: AcmeServer, client: AcmeClient) -> None:
    """The operator could not find what a user complains about: instance is the id of the audit record."""
    answer = await client.post(f"{BASE}/order/ord-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640")
    record = await server.core.store.read(lambda tx: tx.audit.get(answer.json["instance"]))
    assert record is not None
    assert record.id.startswith("err-")
    assert record.action == "order.read"
    assert record.object_id == "ord-01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"
    assert record.actor == f"acme-account:{client.kid.rpartition('/')[2]}"
    assert record.details["address"] == "192.0.2.7"
    assert record.details["detail"] == answer.json["detail"]


async def test_a_fault_of_ours_is_a_problem_document_too(
    server: AcmeServer, client: AcmeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug would answer with a page of HTML and no nonce, and the client could not go on (rule 40)."""

    async def fail(*_: object) -> Reply:
        raise ZeroDivisionError("secret 4711")

    route = next(route for route in server.app.routes if isinstance(route, Route) and route.path == "/acme/new-order")
    assert isinstance(route.app, Resource)
    assert route.app.post is not None
    monkeypatch.setattr(route.app, "post", replace(route.app.post, perform=fail))
    answer = await client.order("a.test")
    assert (answer.status, answer.problem) == (500, "serverInternal")
    assert answer.header("replay-nonce")
    assert b"4711" not in answer.body
    assert answer.json["instance"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_without_a_store_clients_are_told_when_to_come_back(server: AcmeServer, client: AcmeClient) -> None:
    """A database that is away must be a 503 with Retry-After, not a 500 (F4)."""
    nonce = await client.nonce()
    server.installation.store.close()
    body = jws(client.key, b"", kid=client.kid, nonce=nonce, url=client.kid)
    answer = await client.raw(client.kid, body)
    assert (answer.status, answer.problem) == (503, "serverInternal")
    assert int(answer.header("retry-after")) <= 600
    assert answer.header("replay-nonce")


async def test_a_get_writes_nothing(server: AcmeServer) -> None:
    """Strangers could fill the database with GETs."""
    before = await server.core.store.read(lambda tx: tx.audit.latest())
    for path in ("/acme/directory", "/acme/new-nonce", "/acme/nothing", "/acme/new-order"):
        await send(server.app, "GET", EXTERNAL_URL + path)
    assert await server.core.store.read(lambda tx: tx.audit.latest()) == before


async def test_answers_are_plain_json(client: AcmeClient) -> None:
    """Clients parse ASCII JSON without a byte order mark, and count on the length."""
    answer = await client.post(client.kid)
    assert answer.header("content-type") == "application/json"
    assert int(answer.header("content-length")) == len(answer.body)
    assert json.loads(answer.body.decode("ascii"))["status"] == "valid"
