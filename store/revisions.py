"""Compare-and-set: a row is replaced only while it has the revision that was read."""

from sqlalchemy import ColumnElement, Table, bindparam, update

from ca_core.model.errors import ErrorKind, TriviumError
from store.statements import Statement


def save_statement(table: Table, columns: tuple[str, ...], *conditions: ColumnElement[bool]) -> Statement:
    """An UPDATE of ``columns`` that matches id and revision (and ``conditions``), and raises the revision by one."""
    return Statement(
        update(table)
        .where(table.c.id == bindparam("id"), table.c.revision == bindparam("revision"), *conditions)
        .values({"revision": table.c.revision + 1, **{name: bindparam(name) for name in columns}})
    )


def conflict(what: str) -> TriviumError:
    """The error of a compare-and-set that came too late."""
    return TriviumError(ErrorKind.CONFLICT, f"The {what} was changed by another request meanwhile; read it again.")
