"""The tables of users, roles and API keys."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from ca_core.model.users import UserKind
from store import codecs
from store.columns import Json, JsonKey, Member, Strings, Time
from store.tables.metadata import metadata, partial, required

users = Table(
    "users",
    metadata,
    Column("id", String, primary_key=True),
    required("name", String),
    required("kind", Member(UserKind)),
    required("email", String),
    Column("subject", JsonKey(codecs.encode_linked_subject, codecs.decode_linked_subject)),
    required("personal", Json(codecs.encode_personal_data, codecs.decode_personal_data)),
    Column("suspended", String),
    required("created_at", Time),
    required("revision", Integer),
    UniqueConstraint("name"),
    UniqueConstraint("subject"),
    Index(None, "email"),
)

roles = Table(
    "roles",
    metadata,
    Column("name", String, primary_key=True),
    required("description", String),
    required("for_every_client", Boolean),
    required("permissions", Json(codecs.encode_permissions, codecs.decode_permissions)),
)

# Which user has which role; without a Client: for every one.
role_assignments = Table(
    "role_assignments",
    metadata,
    required("user_id", String, ForeignKey("users.id")),
    Column("client_id", String, ForeignKey("clients.id")),
    required("role", String, ForeignKey("roles.name")),
    UniqueConstraint("user_id", "client_id", "role"),
    Index(None, "client_id", "user_id"),
    Index(None, "role"),
)
# NULL is distinct from NULL in a unique constraint.
partial(
    "ux_role_assignments_for_every_client",
    role_assignments,
    "user_id",
    "role",
    where=role_assignments.c.client_id.is_(None),
    unique=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    required("user_id", String, ForeignKey("users.id")),
    Column("client_id", String, ForeignKey("clients.id")),
    required("networks", Strings),
    required("created_by", String),
    required("created_at", Time),
    Column("renewed_at", Time),
    Column("expires_at", Time),
    Column("exposed_at", Time),
    Column("suspended", String),
    required("sealed", LargeBinary),
    required("revision", Integer),
    Index(None, "user_id", "id"),
)
partial("ix_api_keys_ended", api_keys, "expires_at", where=api_keys.c.expires_at.is_not(None))
