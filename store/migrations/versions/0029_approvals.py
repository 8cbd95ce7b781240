"""What users decided about issuances and revocations; orders that wait for it, by when they expire."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_WAITING = "state = 'PENDING_AUTH'"


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_approvals_order_id_orders")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_approvals_client_id_clients")),
        sa.PrimaryKeyConstraint("subject_id", "approver", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_order_id"), "approvals", ["order_id"], unique=False)
    op.create_index(
        "ix_orders_pending_auth_expires_at",
        "orders",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )


def downgrade() -> None:
    op.drop_index("ix_orders_pending_auth_expires_at", table_name="orders")
    op.drop_index(op.f("ix_approvals_order_id"), table_name="approvals")
    op.drop_table("approvals")
