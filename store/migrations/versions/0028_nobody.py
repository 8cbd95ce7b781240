"""The user that is nobody, whose keys are read where somebody has fewer."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

NOBODY = "00000000-0000-0000-0000-00000000000"
KEYS = 8
SEALED = 93
"""The length of a sealed API key."""


def upgrade() -> None:
    insert_user = sa.text(
        "INSERT INTO users (id, name, kind, email, personal, created_at, revision) VALUES "
        "(:id, '', 'service-account', '', :personal, 0, 0)"
    )
    personal = '{"first_name":"","language":"en","last_name":"","mute":false,"title":"","version":1}'
    op.execute(insert_user.bindparams(id=f"usr-{NOBODY}0", personal=personal))
    insert_key = sa.text(
        "INSERT INTO api_keys (id, user_id, networks, created_by, created_at, sealed, revision) VALUES "
        "(:id, :user_id, '[]', 'system:trivium', 0, :sealed, 0)"
    )
    for number in range(KEYS):
        op.execute(insert_key.bindparams(id=f"key-{NOBODY}{number}", user_id=f"usr-{NOBODY}0", sealed=bytes(SEALED)))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM api_keys WHERE user_id = :user_id").bindparams(user_id=f"usr-{NOBODY}0"))
    op.execute(sa.text("DELETE FROM users WHERE id = :user_id").bindparams(user_id=f"usr-{NOBODY}0"))
