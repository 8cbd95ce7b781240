"""Pre-validated domains by name, over all Clients."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_NAME = "ix_client_domains_name_id"


def upgrade() -> None:
    op.create_index(op.f(_NAME), "client_domains", ["name", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="client_domains")
