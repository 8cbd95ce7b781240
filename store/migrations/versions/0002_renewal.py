"""Planned revocations, and which certificate an order replaces (RFC 9773)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("certificates", sa.Column("planned_revocation", sa.Text(), nullable=True))
    op.add_column("orders", sa.Column("replaces", sa.String(), nullable=True))
    did_not_fail = sa.text("replaces IS NOT NULL AND state NOT IN ('FAILED', 'REJECTED', 'UNKNOWN')")
    op.create_index(
        "uq_orders_replaces",
        "orders",
        ["replaces"],
        unique=True,
        sqlite_where=did_not_fail,
        postgresql_where=did_not_fail,
    )
