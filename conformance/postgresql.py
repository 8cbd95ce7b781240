"""A throw-away PostgreSQL server: its own cluster in a directory, on a free loopback port, fsync on."""

import os
import shutil
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg

from conformance.processes import ProgramError, free_port

_USER = "postgres"  # PostgreSQL refuses to run as root
_START_TIMEOUT = 60


@dataclass(frozen=True)
class Cluster:
    """A running server. ``url`` is that of its maintenance database."""

    programs: Path
    directory: Path
    port: int

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the maintenance database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """Create a database, a copy of one that nobody is connected to or else empty; return its SQLAlchemy URL."""
        name = f"trivium_{uuid.uuid4().hex}"
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=_USER, dbname="postgres", autocommit=True
        ) as server:
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url_of(name)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.directory} -c fsync=on -c max_connections=60"
        self._control("start", "-w", "-t", str(_START_TIMEOUT), "-l", str(self.directory / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: ``fast``, or ``immediate`` as after a crash."""
        self._control("stop", "-w", "-m", mode)

    def _control(self, *arguments: str) -> None:
        _run_as_user([str(self.programs / "pg_ctl"), "-D", str(self.directory / "data"), *arguments])


def start_cluster(directory: Path) -> Cluster:
    """Make a cluster in the empty ``directory`` and start it; the caller stops it.

    The server's user must be able to reach the directory: not one of pytest's, which are closed to all but their owner.
    """
    programs = _programs()
    if os.geteuid() == 0:
        shutil.chown(directory, _USER)
    _run_as_user(
        [str(programs / "initdb"), "-D", str(directory / "data"), "-U", _USER, "--auth=trust", "--encoding=UTF8"]
    )
    cluster = Cluster(programs=programs, directory=directory, port=free_port())
    cluster.start()
    return cluster


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise ProgramError("PostgreSQL is not there: install Debian's package postgresql, as tests/install-tools does.")
    return found[-1].parent


def _run_as_user(command: list[str]) -> None:
    as_user = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryFile() as output:  # a pipe would stay open in the server
        done = subprocess.run(  # noqa: S603 - programs and arguments are ours
            [*as_user, *command],
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            timeout=_START_TIMEOUT * 2,
        )
        if done.returncode:
            output.seek(0)
            raise ProgramError(f"{command[0]} failed: {output.read().decode()}")
