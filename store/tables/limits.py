"""The tables of what may be used once, so often, or never again."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, String, Table

from store.columns import Time
from store.tables.metadata import metadata, required

used_once = Table(
    "used_once",
    metadata,
    Column("kind", String),
    Column("value", String),
    required("expires_at", Time),
    PrimaryKeyConstraint("kind", "value"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

# When each bucket of a rate limit is full again, in microseconds since the epoch, with which the store calculates.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("bucket", String),
    required("full_at", BigInteger),
    PrimaryKeyConstraint("bucket"),
    Index(None, "full_at"),
    sqlite_with_rowid=False,
)

blocked_keys = Table(
    "blocked_keys",
    metadata,
    Column("spki_sha256", LargeBinary, primary_key=True),
    required("reason", String),
    required("at", Time),
)
