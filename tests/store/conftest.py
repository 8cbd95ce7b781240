"""Every store test runs on SQLite and on a real PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.postgresql import Cluster, start_cluster
from store.database import Database, open_store
from store.migrate import upgrade
from tests.store.samples import add_basics


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server for the session."""
    with tempfile.TemporaryDirectory(prefix="trivium-postgresql-") as directory:
        running = start_cluster(Path(directory))
        yield running
        running.stop("immediate")  # nobody reads it again


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, on each kind."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/trivium.db"
    running: Cluster = request.getfixturevalue("cluster")
    return running.new_database()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, which each test copies."""
    path = tmp_path_factory.mktemp("migrated") / "trivium.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(cluster: Cluster) -> str:
    """The name of a migrated PostgreSQL database, which each test copies."""
    url = cluster.new_database()
    upgrade(url)
    return url.rpartition("/")[2]


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database, on each kind."""
    if kind == "sqlite":
        copied = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "trivium.db")
        return f"sqlite:///{copied}"
    running: Cluster = request.getfixturevalue("cluster")
    return running.new_database(request.getfixturevalue("migrated_database"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An open store on a migrated database."""
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with a Client, an issuer, a product and an account."""
    await database.write(add_basics)
    return database
