"""Web pages as ACME clients (RFC 8555 section 6.1): what a browser must be told, and that it can be turned off."""

import pytest

from tests.acme.acme_client import AcmeClient, Answer, send
from tests.acme.acme_server import EXTERNAL_URL, AcmeServer

PAGE = ("origin", "https://page.example")
QUESTION = [PAGE, ("access-control-request-method", "POST"), ("access-control-request-headers", "content-type")]
NEEDED = {"link", "location", "replay-nonce", "retry-after"}


def readable(answer: Answer) -> bool:
    """Whether a browser lets a page read the answer and the headers that a client needs."""
    exposed = {name.strip().lower() for line in answer.all("access-control-expose-headers") for name in line.split(",")}
    return answer.all("access-control-allow-origin") == ["*"] and exposed >= NEEDED


async def test_a_page_may_read_every_answer(server: AcmeServer, client: AcmeClient) -> None:
    """A client in a browser would get neither its nonce nor the URL of its account, nor why it was refused."""
    order = await client.order("a.test")
    for answer in (
        await send(server.app, "GET", server.directory.url, headers=[PAGE]),
        await send(server.app, "HEAD", client.directory["newNonce"], headers=[PAGE]),
        await send(server.app, "GET", client.kid, headers=[PAGE]),
        await client.post(client.kid),
        await client.post(client.kid, nonce="AAAA"),
        await client.post(f"{EXTERNAL_URL}/elsewhere"),
        order,
    ):
        assert readable(answer)
        assert not answer.all("access-control-allow-credentials")


@pytest.mark.parametrize("name", ["newAccount", "newOrder", "revokeCert", "keyChange", "newNonce"])
async def test_a_page_may_post(server: AcmeServer, client: AcmeClient, name: str) -> None:
    """A browser asks before it sends the media type of JOSE, and would not send it (Fetch standard, CORS-preflight)."""
    asked = await send(server.app, "OPTIONS", client.directory[name], headers=QUESTION)
    assert asked.status == 204
    assert readable(asked)
    assert "POST" in asked.header("access-control-allow-methods").split(", ")
    assert asked.header("access-control-allow-headers").lower() == "content-type"
    assert int(asked.header("access-control-max-age")) > 0
    assert asked.body == b""


async def test_any_other_options_is_no_method_here(server: AcmeServer, client: AcmeClient) -> None:
    """Every URL would have a method that the Allow of its 405 does not name (acme.md, fact 13)."""
    answer = await send(server.app, "OPTIONS", client.kid)
    assert (answer.status, answer.problem) == (405, "malformed")


async def test_it_can_be_turned_off(server: AcmeServer) -> None:
    """A page that somebody inside visits would reach a CA that only the inside reaches."""
    closed = server.with_directory(cross_origin=False)
    client = await closed.account()
    for answer in (
        await client.post(client.kid),
        await send(closed.app, "GET", closed.directory.url, headers=[PAGE]),
        await send(closed.app, "OPTIONS", client.kid, headers=QUESTION),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
    assert (await send(closed.app, "OPTIONS", client.kid, headers=QUESTION)).status == 405
