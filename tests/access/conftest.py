"""A real installation under a clock that the test owns, with users of two Clients."""

import pytest

from tests.access.people import Office, furnish
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop

__all__ = ["installation", "linters", "template", "workshop"]


@pytest.fixture
async def office(workshop: Workshop) -> Office:
    """Add a second Client, and a user of each."""
    return await furnish(workshop)
