"""Drop three indexes that no query uses, and every certificate was entered into."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_audit_records_client_id_sequence"), table_name="audit_records")
    op.drop_index(op.f("ix_authorizations_client_id_id"), table_name="authorizations")
    op.drop_index(op.f("ix_certificates_client_id_id"), table_name="certificates")


def downgrade() -> None:
    op.create_index(op.f("ix_certificates_client_id_id"), "certificates", ["client_id", "id"], unique=False)
    op.create_index(op.f("ix_authorizations_client_id_id"), "authorizations", ["client_id", "id"], unique=False)
    op.create_index(
        op.f("ix_audit_records_client_id_sequence"), "audit_records", ["client_id", "sequence"], unique=False
    )
