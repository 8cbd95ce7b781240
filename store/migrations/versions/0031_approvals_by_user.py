"""What users decided, found by who decided it, newest first."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_NAME = "ix_approvals_approver_decided_at_subject_id"


def upgrade() -> None:
    op.create_index(op.f(_NAME), "approvals", ["approver", "decided_at", "subject_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f(_NAME), table_name="approvals")
