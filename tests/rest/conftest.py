"""A real installation with a REST front end, under a clock that the test owns."""

from collections.abc import AsyncIterator

import pytest
from starlette.responses import PlainTextResponse

from gateway.rest.front_end import FrontEnd
from gateway.rest.routes import applications
from gateway.roads import Roads
from tests.access.people import Office, furnish
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop
from tests.rest.conversation import Conversation
from tests.rest.desk import Desk, open_desk
from tests.rest.shop import Shop, open_shop

__all__ = ["installation", "linters", "template", "workshop"]


@pytest.fixture
def rest(workshop: Workshop) -> Roads:
    """The TLS listener's application with REST alone on it."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    return Roads({}, applications(front_end), PlainTextResponse("nowhere"))


@pytest.fixture
async def office(workshop: Workshop) -> Office:
    """Users of two Clients."""
    return await furnish(workshop)


@pytest.fixture
def alice(rest: Roads, office: Office) -> Conversation:
    """An operator of the first Client at version 3."""
    return Conversation(rest, office, office.alice)


@pytest.fixture
async def shop(office: Office) -> Shop:
    """What the first Client orders over REST."""
    return await open_shop(office)


@pytest.fixture
async def desk(workshop: Workshop) -> AsyncIterator[Desk]:
    """Users of two Clients at version 2."""
    async with open_desk(workshop) as opened:
        yield opened
