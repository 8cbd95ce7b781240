"""What the experiments share: one installation made once a session, copied for each, and its DNS."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.postgresql import Cluster, start_cluster
from tests.running_gateway import UNLIMITED, RunningGateway, loopback_dns

PASSPHRASE = "canary-root-passphrase-0815"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """An installation that has its own certificates; its copies are served one after the other on its ports."""
    made = RunningGateway(tmp_path_factory.mktemp("template") / "ca")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIVIUM_ROOT_PASSPHRASE", PASSPHRASE)
        made.init(*UNLIMITED)
    made.start()
    made.stop()
    with loopback_dns(made):
        yield made


@pytest.fixture
def gateway(template: RunningGateway, tmp_path: Path) -> Iterator[RunningGateway]:
    """A copy that is not yet served; whatever serves it at the end is killed."""
    copy = replace(template, directory=tmp_path / "ca", process=None)
    shutil.copytree(template.directory, copy.directory)
    yield copy
    copy.kill()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server."""
    with tempfile.TemporaryDirectory(prefix="trivium-postgresql-") as directory:
        running = start_cluster(Path(directory))
        yield running
        running.stop("immediate")  # nobody reads it again


@pytest.fixture
def gateway_on_postgresql(template: RunningGateway, cluster: Cluster, tmp_path: Path) -> Iterator[RunningGateway]:
    """An installation on PostgreSQL that is not yet served, on the ports of the others."""
    made = replace(template, directory=tmp_path / "ca", process=None)
    made.init(f"database.url={cluster.new_database()}", *UNLIMITED)
    made.start()
    made.stop()
    yield made
    made.kill()
