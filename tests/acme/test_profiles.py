"""Profiles over HTTP: an order names the product it wants (draft-ietf-acme-profiles-00)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from ca_core.model.products import Product, Road
from tests.acme.acme_client import AcmeClient, Answer, csr
from tests.acme.acme_server import AcmeServer, private_product
from tests.acme.signing import Json

DAY = 86400


@pytest.fixture
async def short(server: AcmeServer) -> Product:
    """Offer a second product, whose certificates last six days, and one that ACME does not offer."""
    tls = private_product()
    profile = replace(tls.policy.profile, validity=6 * DAY)
    product = replace(
        tls, id="pma-short", name="short", description="six days", policy=replace(tls.policy, profile=profile)
    )
    other_road = replace(product, id="pma-rest", name="rest-only", roads=frozenset({Road.REST}))
    for one in (product, other_road):
        await server.core.store.write(lambda tx, one=one: tx.products.put(one))  # type: ignore[misc]
    return product


async def order(client: AcmeClient, profile: object, *names: str) -> Answer:
    """Place an order of a profile."""
    payload: Json = {"identifiers": [{"type": "dns", "value": name} for name in names], "profile": profile}
    return await client.post(client.directory["newOrder"], payload)


async def test_the_directory_lists_what_can_be_ordered(server: AcmeServer, short: Product) -> None:
    """Users could not see what to choose from, or would be shown what they cannot order (section 3 of the draft)."""
    meta = (await server.client()).directory["meta"]
    assert meta["profiles"] == {"short": short.description, "tls": "tls"}


async def test_an_order_gets_the_profile_it_names(server: AcmeServer, client: AcmeClient, short: Product) -> None:
    """A client that wants six days would get ninety (section 4 of the draft)."""
    placed = await order(client, "short", "a.test")
    assert (placed.status, placed.json["profile"]) == (201, "short")
    await server.validate(client, placed.json["authorizations"][0])
    assert (await client.post(placed.header("location"))).json["profile"] == "short"
    done = await client.post(placed.json["finalize"], {"csr": csr("a.test")})
    assert (done.json["status"], done.json["profile"]) == ("valid", "short")
    [leaf, *_] = x509.load_pem_x509_certificates((await client.post(done.json["certificate"])).body)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=6, seconds=-1)
    stored = await server.core.store.read(lambda tx: tx.orders.get(placed.header("location").rpartition("/")[2]))
    assert stored is not None
    assert stored.product_id == short.id


@pytest.mark.parametrize("profile", [None, "tls"])
async def test_the_accounts_own_profile(client: AcmeClient, short: Product, profile: str | None) -> None:
    """An order without a profile would get another product than its account's, or not say which."""
    assert short.name != "tls"
    placed = await order(client, profile, "a.test")
    assert (placed.status, placed.json["profile"]) == (201, "tls")


@pytest.mark.parametrize("profile", ["", "Short", "none", "rest-only", "gateway-tls", "pma-short", "x" * 5000, "é"])
async def test_profiles_that_are_none(client: AcmeClient, short: Product, profile: str) -> None:
    """A client would get a certificate that it did not ask for; it must be told invalidProfile and what there is."""
    answer = await order(client, profile, "a.test")
    assert (answer.status, answer.problem) == (400, "invalidProfile")
    assert f"choose one of: {short.name}, tls." in answer.json["detail"]
    assert (await client.post(f"{client.kid}/orders")).json == {"orders": []}


@pytest.mark.parametrize("profile", [5, True, [], {}])
async def test_a_profile_is_a_string(client: AcmeClient, profile: object) -> None:
    """A value of another type would be a 500."""
    answer = await order(client, profile, "a.test")
    assert (answer.status, answer.problem) == (400, "malformed")


async def test_another_clients_profile_is_none(server: AcmeServer, client: AcmeClient) -> None:
    """One tenant would order another tenant's product, under its policy and name (abuse 30)."""
    own = await server.core.store.read(lambda tx: tx.clients.get("cli-1"))
    assert own is not None
    foreign = replace(private_product(), id="pma-2", client_id="cli-2", name="foreign")
    await server.core.store.write(lambda tx: tx.clients.add(replace(own, id="cli-2", name="second")))
    await server.core.store.write(lambda tx: tx.products.put(foreign))
    answer = await order(client, "foreign", "a.test")
    assert (answer.status, answer.problem) == (400, "invalidProfile")
    assert "foreign" not in (await server.client()).directory["meta"]["profiles"]
