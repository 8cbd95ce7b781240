"""A real installation with the admin page, under a clock that the test owns."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from gateway.admin.front_end import FrontEnd
from gateway.admin.routes import applications
from gateway.roads import Roads
from tests.access.people import Office, furnish
from tests.admin.orders_made import Desk
from tests.admin.visitor import Visitor
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop
from tests.rest.shop import Shop, open_shop

__all__ = ["installation", "linters", "template", "workshop"]


@pytest.fixture
def admin(workshop: Workshop) -> ASGIApp:
    """The TLS listener's application with the admin page alone on it."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    return Roads({}, applications(front_end), PlainTextResponse("nowhere"))


@pytest.fixture
async def office(workshop: Workshop) -> Office:
    """Users of two Clients."""
    return await furnish(workshop)


@pytest.fixture
async def shop(office: Office) -> Shop:
    """What the first Client orders."""
    return await open_shop(office)


@pytest.fixture
def desk(shop: Shop, office: Office) -> Desk:
    """What the operator of the first Client orders."""
    return Desk(shop, office)


@pytest.fixture
async def alice(admin: ASGIApp, office: Office) -> Visitor:
    """An operator of the first Client, signed in."""
    return await Visitor.of(admin, office.alice)


@pytest.fixture
async def bob(admin: ASGIApp, office: Office) -> Visitor:
    """An operator of the second Client, signed in."""
    return await Visitor.of(admin, office.bob)


@pytest.fixture
async def chief(admin: ASGIApp, office: Office) -> Visitor:
    """The CA's operator, signed in."""
    return await Visitor.of(admin, office.chief)
