"""Every store test runs on SQLite and on a real PostgreSQL."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.postgresql import Cluster, start_cluster
from store.database import Database, open_store
from store.migrate import upgrade


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server for the session."""
    with tempfile.TemporaryDirectory(prefix="trivium-postgresql-") as directory:
        running = start_cluster(Path(directory))
        yield running
        running.stop("immediate")  # nobody reads it again


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/trivium.db"
    running: Cluster = request.getfixturevalue("cluster")
    return running.new_database()


@pytest.fixture
def url(empty_url: str) -> str:
    """The URL of a migrated database."""
    upgrade(empty_url)
    return empty_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An open store on a migrated database."""
    opened = open_store(url)
    yield opened
    opened.close()
