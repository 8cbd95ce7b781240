"""The table of requests that carry an idempotency key."""

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, String, Table

from store.columns import Time
from store.tables.metadata import metadata, required

idempotent_requests = Table(
    "idempotent_requests",
    metadata,
    Column("actor", String),
    Column("key", String),
    required("digest", LargeBinary),
    required("created_at", Time),
    required("expires_at", Time),
    Column("sealed_answer", LargeBinary),
    PrimaryKeyConstraint("actor", "key"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)
