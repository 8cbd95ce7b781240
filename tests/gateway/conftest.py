"""What the gateway's tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.postgresql import Cluster, start_cluster


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL server for the session."""
    with tempfile.TemporaryDirectory(prefix="trivium-postgresql-") as directory:
        cluster = start_cluster(Path(directory))
        yield cluster
        cluster.stop()
