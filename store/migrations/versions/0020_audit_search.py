"""Columns that the audit log is searched by: when, who, what and how it ended, as each record says."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INDEXED = ("client_id", "action", "actor")
_TEXTS = ("actor", "action", "outcome")
_FROM_JSON = {
    "sqlite": "at = CAST(strftime('%s', json_extract(record, '$.at')) AS INTEGER) * 1000000"
    " + CAST(substr(json_extract(record, '$.at'), 21, 6) AS INTEGER),"
    " actor = json_extract(record, '$.actor'), action = json_extract(record, '$.action'),"
    " outcome = json_extract(record, '$.outcome')",
    "postgresql": "at = (extract(epoch FROM (record::json ->> 'at')::timestamptz) * 1000000)::bigint,"
    " actor = record::json ->> 'actor', action = record::json ->> 'action', outcome = record::json ->> 'outcome'",
}


def upgrade() -> None:
    op.add_column("audit_records", sa.Column("at", sa.BigInteger(), nullable=False, server_default="0"))
    for name in _TEXTS:
        op.add_column("audit_records", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.execute(f"UPDATE audit_records SET {_FROM_JSON[op.get_bind().dialect.name]}")  # noqa: S608 - a text of ours
    for name in _INDEXED:
        op.create_index(op.f(f"ix_audit_records_{name}_sequence"), "audit_records", [name, "sequence"], unique=False)


def downgrade() -> None:
    for name in _INDEXED:
        op.drop_index(op.f(f"ix_audit_records_{name}_sequence"), table_name="audit_records")
    for name in ("at", *_TEXTS):
        op.drop_column("audit_records", name)
