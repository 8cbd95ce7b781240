"""An index of the parts of the texts that orders are found by.

On PostgreSQL it is one of pg_trgm, an extension that the database's owner may create; on SQLite an FTS5 table, which
triggers keep in step with ``order_terms``. That table gets a number a row, by which the FTS5 table refers to it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from ca_core.model.errors import ErrorKind, TriviumError

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_COLUMNS = "client_id, order_id, kind, value"
# Values are lower case already. No positions are kept: what is found is compared with the whole text anyway.
_TABLE = """
CREATE VIRTUAL TABLE order_trigrams USING fts5(
    value, content = 'order_terms', content_rowid = 'id', tokenize = 'trigram case_sensitive 1',
    detail = none, columnsize = 0
)
"""
_FILL = "INSERT INTO order_trigrams (order_trigrams) VALUES ('rebuild')"
_INSERTED = """
CREATE TRIGGER order_terms_inserted AFTER INSERT ON order_terms BEGIN
    INSERT INTO order_trigrams (rowid, value) VALUES (new.id, new.value);
END
"""
_DELETED = """
CREATE TRIGGER order_terms_deleted AFTER DELETE ON order_terms BEGIN
    INSERT INTO order_trigrams (order_trigrams, rowid, value) VALUES ('delete', old.id, old.value);
END
"""
# What waits to be merged into the index is read by every search: at most 256 kB of it.
_INDEX = """
CREATE INDEX order_trigrams ON order_terms USING gin (value gin_trgm_ops) WITH (gin_pending_list_limit = 256)
"""


def upgrade() -> None:
    number = sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False)
    _rebuild(
        number,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_terms")),
        sa.UniqueConstraint(
            "client_id", "kind", "order_id", "value", name=op.f("uq_order_terms_client_id_kind_order_id_value")
        ),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in (_TABLE, _FILL, _INSERTED, _DELETED):
            op.execute(statement)
    else:
        _create_extension()
        op.execute(_INDEX)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE order_trigrams")
    _rebuild(
        sa.PrimaryKeyConstraint("client_id", "kind", "order_id", "value", name=op.f("pk_order_terms")),
        sqlite_with_rowid=False,
    )


def _create_extension() -> None:
    try:
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError as error:
        raise TriviumError(
            ErrorKind.UNAVAILABLE,
            "The database lacks PostgreSQL's extension pg_trgm, which searches need: install it on the server where it "
            "is not (it is one of those that come with PostgreSQL), and run CREATE EXTENSION pg_trgm in the database "
            f"as its owner. PostgreSQL said: {error.orig}",
        ) from error


def _rebuild(*elements: sa.Column[int] | sa.Constraint, **options: bool) -> None:
    """Make the table anew, with these columns and constraints besides those it had; SQLite could not alter it."""
    op.execute(f"CREATE TEMPORARY TABLE kept AS SELECT {_COLUMNS} FROM order_terms")  # noqa: S608 - names of ours
    op.drop_table("order_terms")
    op.create_table(
        "order_terms",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_order_terms_client_id_clients")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_terms_order_id_orders")),
        *elements,
        **options,
    )
    op.execute(f"INSERT INTO order_terms ({_COLUMNS}) SELECT {_COLUMNS} FROM kept ORDER BY order_id")  # noqa: S608
    op.execute("DROP TABLE kept")
    op.create_index(
        op.f("ix_order_terms_client_id_kind_value_order_id"),
        "order_terms",
        ["client_id", "kind", "value", "order_id"],
        unique=False,
    )
