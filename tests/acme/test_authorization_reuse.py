"""Pre-authorization and reuse: control shown once serves later orders (RFC 8555 section 7.4.1, rule 50)."""

from dataclasses import replace
from typing import Any

import pytest

from ca_core.model.authorizations import Authorization, AuthorizationStatus, ChallengeStatus
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import NamePolicy, Product
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.acme_server import AcmeServer, private_product

WEEK = 7 * 86400


async def new_authz(client: AcmeClient, value: str, kind: str = "dns") -> Answer:
    """Ask for an authorization ahead of any order."""
    return await client.post(client.directory["newAuthz"], {"identifier": {"type": kind, "value": value}})


async def pre_authorized(server: AcmeServer, client: AcmeClient, name: str) -> str:
    """Show control of a name ahead; return the authorization's URL."""
    made = await new_authz(client, name)
    assert made.status == 201, made.json
    assert (await server.validate(client, made.header("location"))).json["status"] == "valid"
    return made.header("location")


async def put_product(server: AcmeServer, version: str, **policy: Any) -> Product:
    """Make a changed policy the current version of the product."""
    product = private_product()
    changed = replace(product, version=version, policy=replace(product.policy, **policy))
    await server.core.store.write(lambda tx: tx.products.put(changed))
    return changed


async def reusing(server: AcmeServer) -> Product:
    """Let the product reuse authorizations."""
    return await put_product(server, "reusing", reuse_authorizations=True)


async def test_a_pre_authorization(server: AcmeServer, client: AcmeClient) -> None:
    """201 with Location and a pending authorization, which is validated as any other (RFC 8555 section 7.4.1)."""
    made = await new_authz(client, "A.test")
    assert (made.status, made.json["status"]) == (201, "pending")
    assert made.json["identifier"] == {"type": "dns", "value": "a.test"}
    assert "wildcard" not in made.json
    assert (await client.post(made.header("location"))).json == made.json
    assert (await server.validate(client, made.header("location"))).json["status"] == "valid"
    authorization_id = made.header("location").rpartition("/")[2]
    records = await server.core.store.read(lambda tx: tx.audit.of_object(authorization_id, 10))
    assert "authorization.create" in {record.action for record in records}


async def test_a_pre_authorization_that_fails_says_why(server: AcmeServer, client: AcmeClient) -> None:
    """A failed validation without an order would leave its challenge processing for ever."""
    made = await new_authz(client, "a.test")
    await client.post(made.json["challenges"][0]["url"], {})
    decided = await server.decided(client, made.header("location"))
    assert decided.json["status"] == "invalid"
    assert decided.json["challenges"][0]["error"]["detail"]


async def test_an_order_for_a_pre_authorized_name_is_ready_at_once(server: AcmeServer, client: AcmeClient) -> None:
    """Pre-authorization would be for nothing; the order refers to the authorization itself (RFC 8555 section 7.4.1)."""
    url = await pre_authorized(server, client, "a.test")
    asked = server.web.requests
    for _ in range(2):
        order = await client.order("a.test")
        assert (order.status, order.json["status"], order.json["authorizations"]) == (201, "ready", [url])
        done = await client.post(order.json["finalize"], {"csr": csr("a.test")})
        assert done.json["status"] == "valid"
    assert server.web.requests == asked


async def test_only_the_missing_names_are_validated(server: AcmeServer, client: AcmeClient) -> None:
    """An order of several names would lose what is shown, or be issued with a name that is not."""
    url = await pre_authorized(server, client, "a.test")
    order = await client.order("b.test", "a.test", "*.a.test")
    assert order.json["status"] == "pending"
    missing_b, held, missing_wildcard = order.json["authorizations"]
    assert held == url
    assert (await client.post(missing_b)).json["status"] == "pending"
    assert (await client.post(missing_wildcard)).json["wildcard"] is True
    refused = await client.post(order.json["finalize"], {"csr": csr("b.test", "a.test", "*.a.test")})
    assert refused.problem == "orderNotReady"


@pytest.mark.parametrize(
    ("value", "kind", "problem"),
    [
        ("*.a.test", "dns", "rejectedIdentifier"),
        ("a..test", "dns", "rejectedIdentifier"),
        ("a@b.test", "email", "unsupportedIdentifier"),
        ("999.1.1.1", "ip", "rejectedIdentifier"),
    ],
)
async def test_names_that_are_not_pre_authorized(client: AcmeClient, value: str, kind: str, problem: str) -> None:
    """A wildcard would be covered by control of one host, or a bad name stored; 403 says why (section 7.4.1)."""
    answer = await new_authz(client, value, kind)
    assert (answer.status, answer.problem) == (403, problem)


@pytest.mark.parametrize(
    "payload", [{}, {"identifier": None}, {"identifier": []}, {"identifier": {"type": "dns"}}, b""]
)
async def test_pre_authorizations_that_are_none(client: AcmeClient, payload: Any) -> None:
    """Garbage would be a 500 (rule 43)."""
    answer = await client.post(client.directory["newAuthz"], payload)
    assert (answer.status, answer.problem) == (400, "malformed")


async def test_another_accounts_authorization_never_serves(server: AcmeServer, client: AcmeClient) -> None:
    """Whoever orders a name that another account controls would get its certificate (rule 50)."""
    await reusing(server)
    url = await pre_authorized(server, client, "a.test")
    await server.issued_order(client, "b.test")
    other = await server.account()
    for name in ("a.test", "b.test"):
        order = await other.order(name)
        assert (order.json["status"], order.json["authorizations"] == [url]) == ("pending", False)


async def test_control_shown_for_an_order_serves_again_only_where_the_product_says_so(
    server: AcmeServer, client: AcmeClient
) -> None:
    """A stolen account key would get certificates for a month without any validation; so it is off by default."""
    first = await server.issued_order(client, "a.test")
    assert (await client.order("a.test")).json["status"] == "pending"
    await reusing(server)
    second = await client.order("a.test")
    assert (second.json["status"], second.json["authorizations"]) == ("ready", first.json["authorizations"])
    assert (await client.post(second.json["finalize"], {"csr": csr("a.test")})).json["status"] == "valid"


async def test_a_wildcard_and_its_base_do_not_serve_each_other(server: AcmeServer, client: AcmeClient) -> None:
    """Control of one host would give every host below it, or the reverse (rule 50)."""
    await reusing(server)
    await server.issued_order(client, "a.test")
    wild = await client.order("*.a.test")
    assert wild.json["status"] == "pending"
    authorization_id = wild.json["authorizations"][0].rpartition("/")[2]

    def show(tx: Any) -> None:
        authorization = tx.authorizations.get(authorization_id)
        tx.authorizations.save(replace(authorization, status=AuthorizationStatus.VALID))

    await server.core.store.write(show)
    assert (await client.order("*.a.test")).json["status"] == "ready"
    base = await client.order("a.test")
    assert authorization_id not in base.json["authorizations"][0]


async def test_what_was_given_up_or_has_expired_does_not_serve(server: AcmeServer, client: AcmeClient) -> None:
    """Control that a user gave up, or showed long ago, would still get certificates (rule 50)."""
    url = await pre_authorized(server, client, "a.test")
    await client.post(url, {"status": "deactivated"})
    assert (await client.order("a.test")).json["status"] == "pending"
    await pre_authorized(server, client, "b.test")
    server.installation.clock.advance(seconds=WEEK - 300)
    assert (await client.order("b.test")).json["status"] == "pending"


async def test_an_order_ends_with_the_authorization_it_rests_on(server: AcmeServer, client: AcmeClient) -> None:
    """The order would say ready and be refused at finalize."""
    url = await pre_authorized(server, client, "a.test")
    server.installation.clock.advance(days=6)
    order = await client.order("a.test", "b.test")
    assert order.json["expires"] == (await client.post(url)).json["expires"]
    server.installation.clock.advance(days=2)
    assert (await client.post(order.header("location"))).json["status"] == "invalid"


async def test_control_shown_too_long_ago_for_the_product_does_not_serve(
    server: AcmeServer, client: AcmeClient
) -> None:
    """A product that wants control shown today would take that of last week (rule 15: reuse periods)."""
    await pre_authorized(server, client, "a.test")
    server.installation.clock.advance(days=2)
    assert (await client.order("a.test")).json["status"] == "ready"
    await put_product(server, "a-day", authorization_lifetime=86400)
    assert (await client.order("a.test")).json["status"] == "pending"


@pytest.mark.parametrize("stricter", [{"public": True}, {"require_dnssec": True}])
async def test_control_shown_less_strictly_does_not_serve(
    server: AcmeServer, client: AcmeClient, stricter: dict[str, bool]
) -> None:
    """A public certificate would rest on a validation by rules for private ones, or on unsigned answers (rule 59)."""
    await reusing(server)
    await server.issued_order(client, "www.example.com")
    assert (await client.order("www.example.com")).json["status"] == "ready"
    names = NamePolicy()  # a public product takes no names of a private network
    await put_product(server, "stricter", reuse_authorizations=True, names=names, **stricter)
    assert (await client.order("www.example.com")).json["status"] == "pending"


async def test_a_name_that_the_client_itself_controls_serves_every_account(
    server: AcmeServer, client: AcmeClient
) -> None:
    """A domain validated beforehand for a Client would be validated again, or serve another Client (rule 50)."""
    made = await new_authz(client, "a.test")
    stored = await server.core.store.read(lambda tx: tx.authorizations.get(made.header("location").rpartition("/")[2]))
    assert stored is not None

    def of_client(client_id: str, name: str, number: int) -> Authorization:
        return replace(
            stored,
            id=f"azn-01a20d8f-a4e8-76c7-b0d6-a63cd94e364{number}",
            client_id=client_id,
            account_id=None,
            product_id=None,
            product_version=None,
            identifier=Identifier(type=IdentifierType.DNS, value=name),
            status=AuthorizationStatus.VALID,
            challenges=tuple(
                replace(
                    one,
                    id=f"chl-{number}{one.id[5:]}",
                    authorization_id=f"azn-01a20d8f-a4e8-76c7-b0d6-a63cd94e364{number}",
                    status=ChallengeStatus.VALID,
                    validated_at=stored.created_at,
                )
                for one in stored.challenges[:1]
            ),
        )

    first = await server.core.store.read(lambda tx: tx.clients.get("cli-1"))
    assert first is not None
    await server.core.store.write(lambda tx: tx.clients.add(replace(first, id="cli-2", name="second")))
    rows = [of_client("cli-1", "own.test", 1), of_client("cli-2", "foreign.test", 2)]
    await server.core.store.write(lambda tx: tx.authorizations.add(rows))
    assert (await client.order("own.test")).json["status"] == "ready"
    assert (await client.order("foreign.test")).json["status"] == "pending"
