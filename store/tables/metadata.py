"""What every table is made of. A row that belongs to a Client carries ``client_id``; types: :mod:`store.columns`."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, MetaData, String, Table

from store import codecs
from store.columns import Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def required(name: str, *arguments: Any) -> Column[Any]:
    """Return a column that is never NULL."""
    return Column(name, *arguments, nullable=False)


def client() -> Column[Any]:
    """Return the column that says which Client a row belongs to."""
    return Column("client_id", String, ForeignKey("clients.id"), nullable=False)


def problem(name: str) -> Column[Any]:
    """Return a column for what went wrong."""
    return Column(name, Json(codecs.encode_problem, codecs.decode_problem))


def partial(name: str, table: Table, *columns: str, where: Any, unique: bool = False) -> Index:
    """Make an index over the rows for which ``where`` holds."""
    return Index(
        name, *[table.c[column] for column in columns], sqlite_where=where, postgresql_where=where, unique=unique
    )


IDENTIFIERS = Json(codecs.encode_identifiers, codecs.decode_identifiers)
