"""External account keys, and what binds an account (RFC 8555 section 7.3.4)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_account_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("product_ids", sa.Text(), nullable=False),
        sa.Column("reusable", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_external_account_keys_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_account_keys")),
    )
    op.create_index(
        op.f("ix_external_account_keys_client_id_id"), "external_account_keys", ["client_id", "id"], unique=False
    )
    op.add_column("accounts", sa.Column("external_account_key_id", sa.String(), nullable=True))
    op.add_column("accounts", sa.Column("external_account_binding", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_accounts_external_account_key_id"),
        "accounts",
        ["external_account_key_id"],
        unique=False,
        sqlite_where=sa.text("external_account_key_id IS NOT NULL"),
        postgresql_where=sa.text("external_account_key_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_accounts_external_account_key_id"), table_name="accounts")
    op.drop_column("accounts", "external_account_binding")
    op.drop_column("accounts", "external_account_key_id")
    op.drop_index(op.f("ix_external_account_keys_client_id_id"), table_name="external_account_keys")
    op.drop_table("external_account_keys")
