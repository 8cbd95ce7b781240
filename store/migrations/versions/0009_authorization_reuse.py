"""Authorizations that serve later orders: under which product control is shown, and which were made ahead of orders."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("authorizations", sa.Column("product_id", sa.String(), nullable=True))
    op.add_column("authorizations", sa.Column("product_version", sa.String(), nullable=True))
    op.add_column(
        "authorizations", sa.Column("pre_authorized", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # Until now each authorization was made with one order.
    for column in ("product_id", "product_version"):
        op.execute(
            f"UPDATE authorizations SET {column} = (SELECT orders.{column} FROM orders "  # noqa: S608 - two names above
            "JOIN order_authorizations ON order_authorizations.order_id = orders.id "
            "WHERE order_authorizations.authorization_id = authorizations.id)"
        )
