"""Certificates of other CAs, imported to be kept in view until they end."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_certificates",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_external_certificates_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_certificates")),
        sa.UniqueConstraint("client_id", "fingerprint", name=op.f("uq_external_certificates_client_id_fingerprint")),
    )
    op.create_index(
        op.f("ix_external_certificates_not_after_id_client_id"),
        "external_certificates",
        ["not_after", "id", "client_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_external_certificates_not_after_id_client_id"), table_name="external_certificates")
    op.drop_table("external_certificates")
