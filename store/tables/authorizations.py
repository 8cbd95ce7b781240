"""The tables of authorizations and challenges."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from ca_core.model.authorizations import AuthorizationStatus, ChallengeStatus, ValidationMethod
from ca_core.model.identifiers import IdentifierType
from store import codecs
from store.columns import Json, Member, Time, inline
from store.tables.metadata import client, metadata, partial, problem, required

authorizations = Table(
    "authorizations",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    Column("account_id", String, ForeignKey("accounts.id")),
    required("identifier_type", Member(IdentifierType)),
    required("identifier_value", String),
    required("wildcard", Boolean),
    required("status", Member(AuthorizationStatus)),
    required("created_at", Time),
    required("expires_at", Time),
    Column("caa", Json(codecs.encode_caa_permission, codecs.decode_caa_permission)),
    Column("product_id", String),
    Column("product_version", String),
    required("pre_authorized", Boolean),
    Column("domain_id", String),
    required("revision", Integer),
    Index(None, "identifier_value", "account_id"),
)
client_waits = authorizations.c.account_id.is_(None) & (authorizations.c.status == inline(AuthorizationStatus.PENDING))
"""The condition under which an order that waits for no account waits for control of the name."""
partial("ix_authorizations_client_waits", authorizations, "client_id", where=client_waits)
partial("ix_authorizations_domain_id", authorizations, "domain_id", where=authorizations.c.domain_id.is_not(None))

challenges = Table(
    "challenges",
    metadata,
    required("id", String),
    Column("authorization_id", String, ForeignKey("authorizations.id")),
    Column("position", Integer),
    required("method", Member(ValidationMethod)),
    required("token", String),
    required("status", Member(ChallengeStatus)),
    Column("validated_at", Time),
    problem("error"),
    required("revision", Integer),
    PrimaryKeyConstraint("authorization_id", "position"),
    UniqueConstraint("id"),
    sqlite_with_rowid=False,
)
