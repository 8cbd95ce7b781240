"""Certificates found by their key: those that fall with it when it is compromised."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    issued = sa.text("status = 'issued'")
    op.create_index(
        "ix_certificates_issued_spki_sha256",
        "certificates",
        ["spki_sha256"],
        unique=False,
        sqlite_where=issued,
        postgresql_where=issued,
    )
