"""The installation each test of revocation gets: new, real, in its own directory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.database import open_store
from store.migrate import upgrade
from tests.revocation.installation import Installation, install


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """Return an installation on SQLite."""
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    store = open_store(url)
    yield await install(store)
    store.close()
