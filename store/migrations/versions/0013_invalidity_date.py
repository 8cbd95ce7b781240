"""Since when a revoked certificate is said to have been invalid."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("certificates", sa.Column("invalidity_date", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("certificates", "invalidity_date")
