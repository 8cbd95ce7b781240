"""The migrations give the schema that the code was written for."""

import pkgutil
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import store
from ca_core.model.errors import ErrorKind, TriviumError
from store.engine import make_engine
from store.migrate import configuration, upgrade
from store.statements import Statement
from store.tables import metadata


def test_migrated_schema_is_the_schema_of_the_code(url: str) -> None:
    """A table or column that only the code knows fails at the first order after an update."""
    with make_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        assert compare_metadata(context, metadata) == []


def _is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    """Whether the tables of the code have it: not the index of trigrams, another on either kind of database."""
    return not str(name).startswith("order_trigrams")


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


def test_orders_and_authorizations_of_an_older_program_know_their_product(empty_url: str) -> None:
    """An authorization that waits during an update could not be validated after it."""
    order = (
        "('ord-1', 'cli-1', 'pma-1', 'v1', NULL, 'acme', 't', '[]', '[]', 'NEW', 0, 0, NULL, NULL, NULL, NULL, NULL, "
        "'', '[]', 0)"
    )
    rows = (
        "clients VALUES ('cli-1', 'c', '', FALSE, '{}', 0)",
        "issuers VALUES ('iss-1', 'i', 'issuing', 'x', '[]', '[]', '', '', '', '', 0)",
        "product_versions VALUES ('pma-1', 'v1', 'cli-1', 'iss-1', 'tls', '', '[]', '{}')",
        f"orders VALUES {order}",
        "authorizations VALUES ('azn-1', 'cli-1', NULL, 'dns', 'a.test', FALSE, 'pending', 0, 0, 0)",
        "order_authorizations VALUES ('azn-1', 'ord-1')",
    )
    with make_engine(empty_url).begin() as connection:
        command.upgrade(configuration(connection), "0001")
        for row in rows:
            connection.execute(text(f"INSERT INTO {row}"))
        command.upgrade(configuration(connection), "head")
        found = connection.execute(text("SELECT product_id, product_version, pre_authorized FROM authorizations")).one()
        assert tuple(found) == ("pma-1", "v1", False)
        assert connection.execute(text("SELECT product_name, replaces FROM orders")).one() == ("tls", None)


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


def test_no_prebuilt_statement_scans_a_table(tmp_path: Path) -> None:
    """A request would cost more with every certificate stored."""
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    repositories = [
        import_module(f"store.{module.name}")
        for module in pkgutil.iter_modules(store.__path__)
        if module.name != "migrations"
    ]
    statements = {
        f"{repository.__name__}.{name}": statement
        for repository in repositories
        for name, statement in vars(repository).items()
        if isinstance(statement, Statement)
    }
    scanned: set[str] = set()
    engine = make_engine(url)
    with engine.connect() as connection:
        for name, statement in statements.items():
            parameters = len(statement.prepare(engine.dialect).names)
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement.prepare(engine.dialect).text}", (None,) * parameters
            )
            steps = [str(step[3]) for step in plan]
            scanned.update(name for step in steps if step.removeprefix("SCAN ") in metadata.tables)
    # The newest audit record is the end of the table: one step backwards.
    assert scanned == {"store.audit._LATEST"}
    assert len(statements) > 40
