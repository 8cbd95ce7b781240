"""Plain GET for clients that know no POST-as-GET (acme.md fact 17): off, per Client, and it writes nothing."""

from dataclasses import replace

import pytest
from starlette.routing import Route

from ca_core.access.accounts import Enrolment
from ca_core.model.clients import ClientSettings
from gateway.acme.front_end import Reply
from tests.acme.acme_client import AcmeClient, Answer, send
from tests.acme.acme_server import EXTERNAL_URL, AcmeServer, private_product

SOME_ID = "01a20d8f-a4e8-76c7-b0d6-a63cd94e3640"


async def allow(server: AcmeServer, client_id: str = "cli-1") -> None:
    """Let a Client's resources be read by plain GET."""
    client = await server.core.store.read(lambda tx: tx.clients.get(client_id))
    assert client is not None
    allowed = replace(client, settings=ClientSettings(plain_get=True))
    await server.core.store.write(lambda tx: tx.clients.save(allowed))


async def resources(server: AcmeServer, client: AcmeClient) -> dict[str, str]:
    """Take an order to its certificate; return the URLs that ACMESharp reads on the way."""
    order = await server.issued_order(client, "a.test")
    authorization = (await client.post(order.json["authorizations"][0])).json
    return {
        "order": order.header("location"),
        "authorization": order.json["authorizations"][0],
        "challenge": authorization["challenges"][0]["url"],
        "certificate": order.json["certificate"],
    }


def refused(answer: Answer) -> bool:
    """Whether the answer is the 405 that says what to do."""
    assert (answer.status, answer.problem) == (405, "malformed")
    assert answer.header("allow") == "POST"
    return "acme.plain_get" in str(answer.json["detail"])


async def test_off_by_default(server: AcmeServer, client: AcmeClient) -> None:
    """Whoever sees a URL in a log would read the resource (RFC 8555 section 6.3); the user is told of the setting."""
    for url in (await resources(server, client)).values():
        assert refused(await send(server.app, "GET", url))
        assert (await send(server.app, "HEAD", url)).status == 405


async def test_a_get_answers_as_a_post_as_get_does(server: AcmeServer, client: AcmeClient) -> None:
    """ACMESharp reads order, authorization, challenge and certificate so, and takes their headers (fact 17)."""
    await allow(server)
    for url in (await resources(server, client)).values():
        posted, got = await client.post(url), await send(server.app, "GET", url)
        assert (got.status, got.body) == (posted.status, posted.body)
        assert got.header("replay-nonce")
        for name in ("link", "content-type", "location", "cache-control"):
            assert got.all(name) == posted.all(name)
        head = await send(server.app, "HEAD", url)
        assert (head.status, head.body) == (200, b"")
        assert head.header("replay-nonce")


async def test_an_alternate_chain_is_read_or_is_not_there(server: AcmeServer, client: AcmeClient) -> None:
    """A chain that does not exist must be 404, as it is to a POST."""
    await allow(server)
    certificate = (await resources(server, client))["certificate"]
    answer = await send(server.app, "GET", f"{certificate}/1")
    assert (answer.status, answer.problem) == (404, "malformed")


async def test_another_clients_resources_stay_closed(server: AcmeServer, client: AcmeClient) -> None:
    """One tenant's choice would open what another tenant keeps closed (abuse 46)."""

    async def second_tenant() -> AcmeServer:
        first = await server.core.store.read(lambda tx: tx.clients.get("cli-1"))
        assert first is not None
        second = replace(first, id="cli-2", name="second")
        product = replace(private_product(), id="pma-2", client_id="cli-2")
        await server.core.store.write(lambda tx: tx.clients.add(second))
        await server.core.store.write(lambda tx: tx.products.put(product))
        return server.with_directory(enrolment=Enrolment(client_id="cli-2", product_id="pma-2"))

    other = await second_tenant()
    theirs = await resources(other, await other.account())
    await allow(server)
    for url in theirs.values():
        assert refused(await send(server.app, "GET", url))
        assert refused(await send(other.app, "GET", url))
    for url in (await resources(server, client)).values():
        assert (await send(server.app, "GET", url)).status == 200
        assert refused(await send(other.app, "GET", url))


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"/{name}/{prefix}-{SOME_ID}"
            for name in ("order", "certificate")
            for prefix in ("ord", "crt", "acc", "xyz")
        ),
        f"/order/ord-{SOME_ID}/finalize",
        f"/account/acc-{SOME_ID}",
        f"/account/acc-{SOME_ID}/orders",
        "/new-order",
    ],
)
async def test_nothing_else_is_read(server: AcmeServer, client: AcmeClient, path: str) -> None:
    """Accounts would be open to strangers, and what exists could be told from what does not."""
    await allow(server)
    for url in (f"{EXTERNAL_URL}/acme{path}", client.kid, f"{client.kid}/orders"):
        answer = await send(server.app, "GET", url)
        assert (answer.status, answer.header("allow")) == (405, "POST")


async def test_an_id_at_the_wrong_url(server: AcmeServer, client: AcmeClient) -> None:
    """An authorization read as an order would be a 500."""
    await allow(server)
    authorization_id = (await resources(server, client))["authorization"].rpartition("/")[2]
    answer = await send(server.app, "GET", f"{EXTERNAL_URL}/acme/order/{authorization_id}")
    assert (answer.status, answer.problem) == (404, "malformed")
    assert (await send(server.app, "GET", f"{EXTERNAL_URL}/acme/order/x")).status == 404


async def test_a_deactivated_account_is_not_read(server: AcmeServer, client: AcmeClient) -> None:
    """The account's own requests are refused then, so a stranger's must be (rule 48)."""
    await allow(server)
    urls = await resources(server, client)
    assert (await client.post(client.kid, {"status": "deactivated"})).status == 200
    for url in urls.values():
        assert refused(await send(server.app, "GET", url))


async def test_a_get_writes_nothing(server: AcmeServer, client: AcmeClient) -> None:
    """Strangers could fill the database, or begin a validation, with GETs."""
    await allow(server)
    order = await client.order("a.test")
    authorization = (await client.post(order.json["authorizations"][0])).json
    urls = [order.header("location"), order.json["authorizations"][0], authorization["challenges"][0]["url"]]
    before = await server.core.store.read(lambda tx: tx.audit.latest())
    for url in [*urls, f"{EXTERNAL_URL}/acme/order/ord-{SOME_ID}"]:
        await send(server.app, "GET", url)
        await send(server.app, "GET", url, b'{"status": "deactivated"}')
    assert await server.core.store.read(lambda tx: tx.audit.latest()) == before
    assert (await client.post(order.json["authorizations"][0])).json == authorization


async def test_a_fault_of_ours_is_a_problem_document_too(
    server: AcmeServer, client: AcmeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug would break the connection, or show strangers what failed inside."""
    url = (await client.order("a.test")).header("location")

    async def fail(*_: object) -> Reply:
        raise ZeroDivisionError("secret 4711")

    route = next(one for one in server.app.routes if isinstance(one, Route) and one.path == "/acme/order/{id}")
    monkeypatch.setattr(route.app, "read", fail)
    answer = await send(server.app, "GET", url)
    assert (answer.status, answer.problem) == (500, "serverInternal")
    assert answer.header("replay-nonce")
    assert b"4711" not in answer.body
    assert answer.json["instance"] in caplog.text


async def test_the_challenge_of_an_order_is_followed_by_get(server: AcmeServer, client: AcmeClient) -> None:
    """ACMESharp polls by GET while a challenge is validated, and must see it become valid."""
    await allow(server)
    order = await client.order("a.test")
    await server.validate(client, order.json["authorizations"][0])
    got = await send(server.app, "GET", order.json["authorizations"][0])
    assert got.json["status"] == "valid"
    assert (await send(server.app, "GET", order.header("location"))).json["status"] == "ready"
