"""Orders are counted by their states."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_NAME = "ix_orders_client_id_state"


def upgrade() -> None:
    op.create_index(op.f(_NAME), "orders", ["client_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="orders")
