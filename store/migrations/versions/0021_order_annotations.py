"""What people attach to orders: additional recipients, comments, registration documents; tags found by their word."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_tags",
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_tags_order_id_orders")),
        sa.PrimaryKeyConstraint("value", "order_id", name=op.f("pk_order_tags")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_order_tags_order_id"), "order_tags", ["order_id"], unique=False)
    op.create_table(
        "order_recipients",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("recipient_type", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_recipients_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "email", "recipient_type", name=op.f("pk_order_recipients")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_comments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_order_comments_client_id_clients")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_comments_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_comments")),
    )
    op.create_index(op.f("ix_order_comments_order_id_id"), "order_comments", ["order_id", "id"], unique=False)
    op.create_table(
        "registration_documents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_registration_documents_client_id_clients")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_registration_documents_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_documents")),
    )
    op.create_index(
        op.f("ix_registration_documents_order_id_id"), "registration_documents", ["order_id", "id"], unique=False
    )
    _fill_order_tags()


def downgrade() -> None:
    op.drop_index(op.f("ix_registration_documents_order_id_id"), table_name="registration_documents")
    op.drop_table("registration_documents")
    op.drop_index(op.f("ix_order_comments_order_id_id"), table_name="order_comments")
    op.drop_table("order_comments")
    op.drop_table("order_recipients")
    op.drop_index(op.f("ix_order_tags_order_id"), table_name="order_tags")
    op.drop_table("order_tags")


def _fill_order_tags() -> None:
    """No road could give an order tags so far, but the column was there."""
    connection = op.get_bind()
    tagged = connection.execute(sa.text("SELECT id, tags FROM orders WHERE tags <> '[]'")).all()
    rows = [
        {"order_id": order_id, "value": tag} for order_id, tags in tagged for tag in dict.fromkeys(json.loads(tags))
    ]
    if rows:
        connection.execute(sa.text("INSERT INTO order_tags (value, order_id) VALUES (:value, :order_id)"), rows)
