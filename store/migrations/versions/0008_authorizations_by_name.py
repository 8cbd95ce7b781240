"""Authorizations by name first: the index that finds an account's finds those of a name for operators too."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_authorizations_account_id_identifier_value"), table_name="authorizations")
    op.create_index(
        op.f("ix_authorizations_identifier_value_account_id"),
        "authorizations",
        ["identifier_value", "account_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_authorizations_identifier_value_account_id"), table_name="authorizations")
    op.create_index(
        op.f("ix_authorizations_account_id_identifier_value"),
        "authorizations",
        ["account_id", "identifier_value"],
        unique=False,
    )
