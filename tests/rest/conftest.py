"""A real installation with a REST front end, under a clock that the test owns."""

import pytest
from starlette.responses import PlainTextResponse

from gateway.rest.front_end import FrontEnd
from gateway.rest.routes import applications
from gateway.roads import Roads
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop

__all__ = ["installation", "linters", "template", "workshop"]


@pytest.fixture
def rest(workshop: Workshop) -> Roads:
    """The TLS listener's application with REST alone on it."""
    front_end = FrontEnd(core=workshop.core, external_url="https://ra.example.com")
    return Roads({}, applications(front_end), PlainTextResponse("nowhere"))
