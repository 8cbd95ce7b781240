"""The tables of signing in to the admin page."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from ca_core.model.sessions import CeremonyKind, SignInMethod
from store.columns import Member, Time
from store.tables.metadata import metadata, required

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    required("user_id", String, ForeignKey("users.id")),
    required("cookie_sha256", LargeBinary),
    required("method", Member(SignInMethod)),
    required("address", String),
    required("began_at", Time),
    required("seen_at", Time),
    UniqueConstraint("cookie_sha256"),
    Index(None, "user_id"),
    Index(None, "seen_at"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("user_id", String, ForeignKey("users.id"), primary_key=True),
    required("token_sha256", LargeBinary),
    required("created_by", String),
    required("expires_at", Time),
    UniqueConstraint("token_sha256"),
    Index(None, "expires_at"),
)

ceremonies = Table(
    "ceremonies",
    metadata,
    Column("handle_sha256", LargeBinary, primary_key=True),
    required("kind", Member(CeremonyKind)),
    Column("user_id", String, ForeignKey("users.id")),
    required("challenge", LargeBinary),
    required("verifier", String),
    required("expires_at", Time),
    Index(None, "expires_at"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String, primary_key=True),
    required("user_id", String, ForeignKey("users.id")),
    required("name", String),
    required("credential_id", LargeBinary),
    required("public_key", LargeBinary),
    required("sign_count", BigInteger),
    required("created_at", Time),
    Column("used_at", Time),
    required("revision", Integer),
    UniqueConstraint("credential_id"),
    Index(None, "user_id", "id"),
)
