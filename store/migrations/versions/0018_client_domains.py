"""Pre-validated domains of Clients."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_UNSHOWN = sa.text("token IS NOT NULL AND (validated_at IS NULL OR validated_at < token_created_at)")


def upgrade() -> None:
    op.create_table(
        "client_domains",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("token_created_at", sa.BigInteger(), nullable=True),
        sa.Column("token_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("validated_at", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("dnssec", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_client_domains_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_domains")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_client_domains_client_id_name")),
    )
    op.create_index(
        op.f("ix_client_domains_unshown"),
        "client_domains",
        ["id"],
        unique=False,
        sqlite_where=_UNSHOWN,
        postgresql_where=_UNSHOWN,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_client_domains_unshown"), table_name="client_domains")
    op.drop_table("client_domains")
