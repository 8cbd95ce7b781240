"""The last warning before the end of a CMC client's certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cmc_clients", sa.Column("warned_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("cmc_clients", "warned_days")
