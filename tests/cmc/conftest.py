"""A real installation with a CMC front end, under a clock that the test owns."""

from pathlib import Path

import pytest

from tests.cmc.office import Office, open_office
from tests.orders.conftest import installation, linters, template, workshop
from tests.orders.workshop import Workshop

__all__ = ["installation", "linters", "office", "template", "workshop"]


@pytest.fixture
async def office(workshop: Workshop, tmp_path: Path) -> Office:
    """Open the front end; a CMC client with every right is registered."""
    return await open_office(workshop, tmp_path)
