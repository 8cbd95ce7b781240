"""The texts that orders are found by, in one table, and the indexes that searches of orders and certificates walk."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MAX_TERM = 500
_AT_ONCE = 1000


def upgrade() -> None:
    op.create_table(
        "order_terms",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_order_terms_client_id_clients")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_terms_order_id_orders")),
        sa.PrimaryKeyConstraint("client_id", "kind", "order_id", "value", name=op.f("pk_order_terms")),
        sqlite_with_rowid=False,
    )
    _fill()
    op.create_index(
        op.f("ix_order_terms_client_id_kind_value_order_id"),
        "order_terms",
        ["client_id", "kind", "value", "order_id"],
        unique=False,
    )
    op.drop_index("ix_order_tags_order_id", table_name="order_tags")
    op.drop_table("order_tags")
    op.drop_table("order_identifiers")
    op.drop_index("ix_orders_client_id_id", table_name="orders")
    op.create_index(
        "ix_orders_search", "orders", ["client_id", "id", "state", "road", "product_id", "placed_by"], unique=False
    )
    op.create_index(
        "ix_certificates_search",
        "certificates",
        ["client_id", "order_id", "id", "status", "not_before", "revocation_reason"],
        unique=False,
    )
    op.create_index("ix_certificates_expiry", "certificates", ["client_id", "not_after", "id", "status"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_certificates_expiry", table_name="certificates")
    op.drop_index("ix_certificates_search", table_name="certificates")
    op.drop_index("ix_orders_search", table_name="orders")
    op.create_index(op.f("ix_orders_client_id_id"), "orders", ["client_id", "id"], unique=False)
    for table, kind in (("order_identifiers", "name"), ("order_tags", "tag")):
        op.create_table(
            table,
            sa.Column("value", sa.String(), nullable=False),
            sa.Column("order_id", sa.String(), nullable=False),
            sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f(f"fk_{table}_order_id_orders")),
            sa.PrimaryKeyConstraint("value", "order_id", name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        op.execute(f"INSERT INTO {table} SELECT value, order_id FROM order_terms WHERE kind = '{kind}'")  # noqa: S608
    op.create_index(op.f("ix_order_tags_order_id"), "order_tags", ["order_id"], unique=False)
    op.drop_index(op.f("ix_order_terms_client_id_kind_value_order_id"), table_name="order_terms")
    op.drop_table("order_terms")


def _fill() -> None:
    connection = op.get_bind()
    texts = {
        "orders": "SELECT id, client_id, identifiers, fields, tags, comment FROM orders",
        "certificates": "SELECT order_id, client_id, subject FROM certificates WHERE subject <> ''",
    }
    add = sa.text(
        "INSERT INTO order_terms (client_id, order_id, kind, value) VALUES (:client_id, :order_id, :kind, :value) "
        "ON CONFLICT DO NOTHING"
    )
    for table, terms_of in (("orders", _terms_of_order), ("certificates", _terms_of_certificate)):
        rows = connection.execute(sa.text(texts[table]))
        while found := rows.fetchmany(_AT_ONCE):
            terms = [term for row in found for term in terms_of(row)]
            if terms:
                connection.execute(add, terms)


def _terms_of_order(row: Any) -> Iterator[dict[str, str]]:
    for _, value in json.loads(row.identifiers):
        yield _term(row.client_id, row.id, "name", value)
    for field in json.loads(row.fields):
        yield _term(row.client_id, row.id, "subject", field[1])
    for tag in json.loads(row.tags):
        yield _term(row.client_id, row.id, "tag", tag)
    if row.comment:
        yield _term(row.client_id, row.id, "comment", row.comment)


def _terms_of_certificate(row: Any) -> Iterator[dict[str, str]]:
    yield _term(row.client_id, row.order_id, "subject", row.subject)


def _term(client_id: str, order_id: str, kind: str, text: str) -> dict[str, str]:
    return {"client_id": client_id, "order_id": order_id, "kind": kind, "value": text.lower()[:_MAX_TERM]}
