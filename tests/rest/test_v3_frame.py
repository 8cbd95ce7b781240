"""Version 3: the document, the page that shows it, and the limits on requests."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from ca_core.model.rate_limits import Limit, Rate, RateLimits
from gateway.rest.front_end import FrontEnd
from gateway.rest.routes import applications
from gateway.roads import Roads
from tests.rest.conversation import Conversation

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
async def document(alice: Conversation) -> dict[str, Any]:
    """The OpenAPI document, as a stranger reads it."""
    answer = await alice.by(None).get("/v3/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every operation with its name."""
    return [
        (f"{method} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    """An integrator would have to guess what a body looks like."""
    assert document["openapi"].startswith("3.1")
    for name, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for media_type, content in body.get("content", {}).items():
                assert "json" not in media_type or "example" in content, (name, media_type)


def test_every_body_has_a_schema(document: dict[str, Any]) -> None:
    """A generated client would throw a certificate away that it has just downloaded."""
    for name, operation in operations(document):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            assert all(content["schema"] for content in body.get("content", {}).values()), name


def test_every_operation_documents_its_refusals(document: dict[str, Any]) -> None:
    """A generated client would have no case for what it is answered."""
    for name, operation in operations(document):
        answers = operation["responses"]
        for_users = "security" in operation
        assert for_users or name == "post /v3/tokens"
        assert {"400", "401", "429", "500", "503", *(["403"] if for_users else [])} <= set(answers), name
        assert ("404" in answers) or "{" not in name, name
        assert operation["summary"], name
        assert operation["description"], name
        takes_key = any(one["name"] == "Idempotency-Key" for one in operation["parameters"])
        assert takes_key == (for_users and name.startswith("post ")), name
        for status, answer in answers.items():
            refused = status >= "400"
            assert ("application/problem+json" in answer.get("content", {})) == refused, (name, status)
            assert ("RateLimit" in answer.get("headers", {})) == for_users, (name, status)


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    """A generated client would have one method for two operations."""
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in document["tags"]}
    assert all(set(operation["tags"]) <= tags for _, operation in operations(document))


async def test_the_page_shows_every_operation_and_runs_nothing(alice: Conversation, document: dict[str, Any]) -> None:
    """A page that loads or runs what is not ours would be a way into the browser of whoever issues (abuse 54)."""
    stranger = alice.by(None)
    page = await stranger.get("/v3/documentation")
    assert page.headers["content-type"].startswith("text/html")
    assert (await stranger.get("/v3")).body == page.body
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    text = page.body.decode()
    assert "<script" not in text
    assert "style=" not in text
    assert 'src="' not in text
    for _, operation in operations(document):
        assert f'id="{operation["operationId"]}"' in text
    style = await stranger.get("/v3/documentation.css")
    assert (style.status, style.headers["content-type"].partition(";")[0]) == (200, "text/css")
    assert b"url(" not in style.body


async def test_answers_say_what_is_left_of_the_limits(alice: Conversation) -> None:
    """A script could only find its limit by running into it (rule 53, abuse 69)."""
    hour = timedelta(hours=1)
    limits = RateLimits(rates={Limit.REQUESTS_PER_USER: Rate(3, hour), Limit.REQUESTS_PER_ADDRESS: Rate(5, hour)})
    core = replace(alice.office.core, limits=limits)
    front_end = FrontEnd(core=core, external_url="https://ra.example.com")
    limited = replace(alice, app=Roads({}, applications(front_end), PlainTextResponse("nowhere")))
    answers = [await limited.get("/v3/clients") for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"requests_per_user";q=3;w=3600, "requests_per_address";q=5;w=3600'
    assert [one.headers["ratelimit"] for one in answers] == [
        '"requests_per_user";r=2;t=1200, "requests_per_address";r=4;t=720',
        '"requests_per_user";r=1;t=2400, "requests_per_address";r=3;t=1440',
        '"requests_per_user";r=0;t=3600, "requests_per_address";r=2;t=2160',
        '"requests_per_user";r=0;t=3600, "requests_per_address";r=2;t=2160',
    ]
    answers[3].refused(429, "rate_limited")
    assert answers[3].headers["retry-after"] == "1200"
    bob = limited.by(alice.office.bob)
    assert [(await bob.get("/v3/clients")).status for _ in range(3)] == [200, 200, 429]
    alice.office.clock.advance(minutes=20)
    assert (await limited.get("/v3/clients")).status == 200


async def test_secrets_in_urls_are_refused(alice: Conversation) -> None:
    """Logs and proxies keep URLs (abuse 51)."""
    for query in ("token=x", "api_key=x", "text=eyJhbGciOiJIUzI1NiJ9.e30.x"):
        assert (await alice.get(f"/v3/clients?{query}")).status == 400


async def test_json_that_is_none(alice: Conversation) -> None:
    """A body that breaks the parser would be a 500."""
    for body in (
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 5000,
        b'"\\ud800"',
        b"nul",
        json.dumps("x" * 100_000).encode(),
    ):
        answer = await alice.post("/v3/domains", body)
        assert answer.status == 400, (body[:20], answer.body)
