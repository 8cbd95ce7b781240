"""The name of an order's product: what the requester knows it by."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("product_name", sa.String(), nullable=False, server_default=""))
    op.execute(
        "UPDATE orders SET product_name = (SELECT product_versions.name FROM product_versions "
        "WHERE product_versions.id = orders.product_id AND product_versions.version = orders.product_version)"
    )
