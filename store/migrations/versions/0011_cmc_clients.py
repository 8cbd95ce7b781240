"""CMC clients and their transactions; how the possession of an order's key was shown."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cmc_clients",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("product_ids", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("spki_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("key_identifier", sa.LargeBinary(), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("certificate_id", sa.String(), nullable=True),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("sha1", sa.Boolean(), nullable=False),
        sa.Column("sha1_used_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_cmc_clients_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cmc_clients")),
        sa.UniqueConstraint("key_identifier", name=op.f("uq_cmc_clients_key_identifier")),
        sa.UniqueConstraint("name", name=op.f("uq_cmc_clients_name")),
        sa.UniqueConstraint("spki_sha256", name=op.f("uq_cmc_clients_spki_sha256")),
    )
    op.create_index(op.f("ix_cmc_clients_client_id_id"), "cmc_clients", ["client_id", "id"], unique=False)
    op.create_table(
        "cmc_transactions",
        sa.Column("cmc_client_id", sa.String(), nullable=False),
        sa.Column("transaction", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("body_part_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cmc_client_id"], ["cmc_clients.id"], name=op.f("fk_cmc_transactions_cmc_client_id_cmc_clients")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cmc_transactions_order_id_orders")),
        sa.PrimaryKeyConstraint("cmc_client_id", "transaction", "order_id", name=op.f("pk_cmc_transactions")),
        sqlite_with_rowid=False,
    )
    # Every order there is came with a CSR that its own key has signed, or will.
    op.add_column("orders", sa.Column("possession", sa.String(), nullable=False, server_default="signature"))


def downgrade() -> None:
    op.drop_column("orders", "possession")
    op.drop_table("cmc_transactions")
    op.drop_index(op.f("ix_cmc_clients_client_id_id"), table_name="cmc_clients")
    op.drop_table("cmc_clients")
