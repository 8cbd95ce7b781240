"""Every certificate found by its key, not only the issued: a key that ever had one is no account's."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_certificates_issued_spki_sha256", table_name="certificates")
    op.create_index(op.f("ix_certificates_spki_sha256"), "certificates", ["spki_sha256"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_certificates_spki_sha256"), table_name="certificates")
    issued = sa.text("status = 'issued'")
    op.create_index(
        "ix_certificates_issued_spki_sha256",
        "certificates",
        ["spki_sha256"],
        unique=False,
        sqlite_where=issued,
        postgresql_where=issued,
    )
