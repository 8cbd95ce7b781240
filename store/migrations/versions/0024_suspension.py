"""The API key an order was placed with, and from where a CMC client may send."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("credential_id", sa.String(), nullable=True))
    op.add_column("cmc_clients", sa.Column("networks", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("cmc_clients", "networks")
    op.drop_column("orders", "credential_id")
