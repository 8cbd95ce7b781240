"""An ACME order whose names a pre-validated domain covers, as its client sees it over HTTP."""

from ca_core.validation import domains
from tests.acme.acme_client import AcmeClient, csr
from tests.acme.acme_server import AcmeServer
from tests.orders.workshop import CONSOLE


async def test_an_order_below_a_domain_is_ready_at_once(server: AcmeServer, client: AcmeClient) -> None:
    """A client would be asked for challenges of what its Client has shown; or read another name than it ordered."""
    [domain] = await domains.register(server.core, "cli-1", ["a.test"], CONSOLE)
    assert domain.token is not None
    server.dns.set_txt("a.test", domain.token.value)
    shown = await domains.validate_now(server.core, domain.id, CONSOLE)
    assert shown.valid_until is not None
    first, second = [await client.order("www.a.test", "*.a.test") for _ in range(2)]
    assert (first.status, first.json["status"]) == (201, "ready")
    read = [(await client.post(url)).json for url in first.json["authorizations"]]
    assert [(one["identifier"]["value"], one.get("wildcard", False), one["status"]) for one in read] == [
        ("www.a.test", False, "valid"),
        ("a.test", True, "valid"),
    ]
    assert {challenge["status"] for one in read for challenge in one["challenges"]} == {"valid"}
    assert domain.token.value not in {challenge["token"] for one in read for challenge in one["challenges"]}
    done = await client.post(first.json["finalize"], {"csr": csr("www.a.test", "*.a.test")})
    assert done.json["status"] == "valid"
    await domains.delete(server.core, domain.id, CONSOLE)
    refused = await client.post(second.json["finalize"], {"csr": csr("www.a.test", "*.a.test")})
    assert (refused.status, refused.json["type"].rpartition(":")[2]) == (403, "orderNotReady")
    assert (await client.post(second.header("location"))).json["status"] == "invalid"
    assert (await client.post(second.json["authorizations"][0])).json["status"] == "revoked"
    again = await client.order("www.a.test")
    assert again.json["status"] == "pending"


async def test_one_name_of_an_order_is_left_to_the_client(server: AcmeServer, client: AcmeClient) -> None:
    """An order partly covered would be issued without control of its other name, or never."""
    [domain] = await domains.register(server.core, "cli-1", ["a.test"], CONSOLE)
    assert domain.token is not None
    server.dns.set_txt("a.test", domain.token.value)
    await domains.validate_now(server.core, domain.id, CONSOLE)
    order = await client.order("www.a.test", "b.test")
    assert order.json["status"] == "pending"
    read = [(url, (await client.post(url)).json) for url in order.json["authorizations"]]
    [(url, _)] = [(url, one) for url, one in read if one["status"] == "pending"]
    assert (await server.validate(client, url)).json["status"] == "valid"
    done = await client.post(order.json["finalize"], {"csr": csr("www.a.test", "b.test")})
    assert done.json["status"] == "valid"
