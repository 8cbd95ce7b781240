"""Migrations: brings a database to the schema of this program."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ca_core.model.errors import ErrorKind, TriviumError
from store.engine import make_engine

_UPGRADE_WAIT = 60
"""Seconds a process waits for another that migrates: that takes longer than any write."""
_UPGRADE_LOCK = 0x5452_4956  # any number that no other program of the database uses


def upgrade(url: str) -> None:
    """Create or migrate the database to the newest schema; several processes may do so at once.

    Raises UNAVAILABLE when the database does not answer, or is locked.
    """
    try:
        with make_engine(url, lock_wait=_UPGRADE_WAIT).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            command.upgrade(configuration(connection), "head")
    except SQLAlchemyError as error:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The database could not be opened or migrated: {error}.", retry_after=5
        ) from error


def is_current(url: str) -> bool:
    """Whether the database has the newest schema; raises UNAVAILABLE when it does not answer."""
    try:
        with make_engine(url).begin() as connection:
            newest = ScriptDirectory.from_config(configuration(connection)).get_heads()
            return set(MigrationContext.configure(connection).get_current_heads()) == set(newest)
    except SQLAlchemyError as error:
        raise TriviumError(
            ErrorKind.UNAVAILABLE, f"The database could not be opened: {error}.", retry_after=5
        ) from error


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one connection; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
