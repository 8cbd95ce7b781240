"""The migrations give the schema that the code was written for."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from ca_core.model.errors import ErrorKind, TriviumError
from store.engine import make_engine
from store.migrate import upgrade
from store.tables import metadata


def test_migrated_schema_is_the_schema_of_the_code(url: str) -> None:
    """A table or column that only the code knows fails at the first order after an update."""
    with make_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_partial_indexes_are_partial(url: str) -> None:
    """Finding the due jobs would take longer with every order ever placed: compare_metadata does not look at this."""
    with make_engine(url).connect() as connection:
        inspector = inspect(connection)
        found = {
            str(index["name"])
            for table in metadata.tables
            for index in inspector.get_indexes(table)
            if any(
                str(option).endswith("_where") and value is not None
                for option, value in index["dialect_options"].items()
            )
        }
    declared = {
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert found == declared != set()


def test_migrating_at_once_and_again_does_it_once(empty_url: str) -> None:
    """Workers that start together would break each other's start."""
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(upgrade, [empty_url] * 4)) == [None] * 4
    upgrade(empty_url)


def test_other_databases_are_refused() -> None:
    """A database that is not durable as ours must be would be taken without a word."""
    for url in ("mysql://localhost/x", "not a url"):
        with pytest.raises(TriviumError) as error:
            make_engine(url)
        assert error.value.kind is ErrorKind.MALFORMED


def test_a_database_that_is_not_there_is_unavailable() -> None:
    """The operator would read a stack trace."""
    with pytest.raises(TriviumError) as error:
        upgrade("sqlite:////nonexistent/trivium.db")
    assert error.value.kind is ErrorKind.UNAVAILABLE
