"""Challenges by which CMC clients show the possession of keys that only encipher."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cmc_challenges",
        sa.Column("cmc_client_id", sa.String(), nullable=False),
        sa.Column("transaction", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cmc_client_id"], ["cmc_clients.id"], name=op.f("fk_cmc_challenges_cmc_client_id_cmc_clients")
        ),
        sa.PrimaryKeyConstraint("cmc_client_id", "transaction", "request", name=op.f("pk_cmc_challenges")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_cmc_challenges_expires_at"), "cmc_challenges", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_cmc_challenges_expires_at"), table_name="cmc_challenges")
    op.drop_table("cmc_challenges")
