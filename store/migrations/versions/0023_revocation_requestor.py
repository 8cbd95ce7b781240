"""Who asked a service account to revoke."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("certificates", sa.Column("revocation_requestor", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("certificates", "revocation_requestor")
