"""Authorizations by pre-validated domains, and what orders of no account wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_OF_DOMAIN = sa.text("domain_id IS NOT NULL")
_CLIENT_WAITS = sa.text("account_id IS NULL AND status = 'pending'")
_WAITING = sa.text("state = 'NEW' AND csr IS NOT NULL")


def upgrade() -> None:
    op.add_column("authorizations", sa.Column("domain_id", sa.String(), nullable=True))
    for name, table, columns, where in (
        ("ix_authorizations_domain_id", "authorizations", ["domain_id"], _OF_DOMAIN),
        ("ix_authorizations_client_waits", "authorizations", ["client_id"], _CLIENT_WAITS),
        ("ix_orders_waiting", "orders", ["client_id", "id"], _WAITING),
    ):
        op.create_index(op.f(name), table, columns, unique=False, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index(op.f("ix_orders_waiting"), table_name="orders")
    op.drop_index(op.f("ix_authorizations_client_waits"), table_name="authorizations")
    op.drop_index(op.f("ix_authorizations_domain_id"), table_name="authorizations")
    op.drop_column("authorizations", "domain_id")
