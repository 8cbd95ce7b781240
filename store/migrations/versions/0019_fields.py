"""The subject attributes and extension values of an order."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("fields", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("orders", "fields")
