"""The roads: a product is ordered over those it names, and CMC is off for a Client until it is enabled."""

from dataclasses import replace

import pytest

from ca_core.model.cmc_clients import CmcClient, CmcRight
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.orders.cmc_registration import CmcRegistration, register
from ca_core.orders.place import place
from tests.orders.workshop import CONSOLE, Workshop

NAME = Identifier(type=IdentifierType.DNS, value="a.test")


async def product_named(workshop: Workshop, name: str) -> Product:
    """Return a product that init made."""
    products = await workshop.core.store.read(lambda tx: tx.products.all(None))
    return next(one for one in products if one.name == name)


async def refused(workshop: Workshop, request: OrderRequest, principal: Principal = CONSOLE) -> TriviumError:
    """Return how an order is refused."""
    with pytest.raises(TriviumError) as error:
        await place(workshop.core, request, principal)
    return error.value


@pytest.mark.parametrize("road", [Road.ACME, Road.CMC, Road.SYSTEM])
async def test_any_other_road_is_refused(workshop: Workshop, road: Road) -> None:
    """A product for people is ordered by a machine that nobody meant to let it."""
    product = await product_named(workshop, "smime")
    mailbox = Identifier(type=IdentifierType.EMAIL, value="a@example.com")
    request = OrderRequest(product_id=product.id, road=road, identifiers=(mailbox,))
    error = await refused(workshop, request)
    assert error.kind is ErrorKind.FORBIDDEN
    assert f"cannot be ordered over {road}" in error.detail
    assert (await place(workshop.core, replace(request, road=Road.REST), CONSOLE)).order.road is Road.REST


async def test_cmc_is_off_until_a_client_enables_it(workshop: Workshop) -> None:
    """A road nobody asked for is open; or it is closed, and nothing says what opens it."""
    product = await product_named(workshop, "tls")
    client = await workshop.core.store.read(lambda tx: tx.clients.get(product.client_id))
    assert client is not None
    off = replace(client, settings=replace(client.settings, cmc=False))
    await workshop.core.store.write(lambda tx: tx.clients.save(off))
    registration = CmcRegistration(
        name="early",
        client_id=client.id,
        product_ids=(product.id,),
        rights=frozenset({CmcRight.ISSUE}),
        csr=None,
        certificate=None,
        secret="0123456789abcdef",
    )
    with pytest.raises(TriviumError) as error:
        await register(workshop.core, registration, CONSOLE)
    assert error.value.kind is ErrorKind.FORBIDDEN
    assert "`cmc = true`" in error.value.detail
    ordered = await refused(workshop, OrderRequest(product_id=product.id, road=Road.CMC, identifiers=(NAME,)))
    assert "`cmc = true`" in ordered.detail
    await workshop.core.store.write(lambda tx: tx.clients.save(client))
    registered = await register(workshop.core, registration, CONSOLE)
    assert isinstance(registered.cmc_client, CmcClient)


async def test_a_user_orders_for_his_own_clients_only(workshop: Workshop) -> None:
    """Abuse 45: a user with a role at one Client orders another Client's product by its id."""
    product = await product_named(workshop, "tls")
    request = OrderRequest(product_id=product.id, road=Road.REST, identifiers=(NAME,))
    for permissions, kind in (
        ({"cli-other": frozenset({Permission.ORDER_CREATE})}, ErrorKind.NOT_FOUND),
        ({product.client_id: frozenset({Permission.ORDER_VIEW})}, ErrorKind.FORBIDDEN),
    ):
        user = Principal(kind=PrincipalKind.API_USER, id="usr-1", permissions=permissions)
        assert (await refused(workshop, request, user)).kind is kind
