"""The table of pre-validated domains."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from store.columns import Time
from store.tables.metadata import client, metadata, partial, required

client_domains = Table(
    "client_domains",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("name", String),
    required("created_at", Time),
    required("created_by", String),
    Column("token", String),
    Column("token_created_at", Time),
    Column("token_expires_at", Time),
    Column("validated_at", Time),
    Column("valid_until", Time),
    required("dnssec", Boolean),
    Column("checked_at", Time),
    required("result", Text),
    required("revision", Integer),
    UniqueConstraint("client_id", "name"),
    Index(None, "name", "id"),
)
unshown = client_domains.c.token.is_not(None) & (
    client_domains.c.validated_at.is_(None) | (client_domains.c.validated_at < client_domains.c.token_created_at)
)
"""The condition under which a domain's token has not shown control yet."""
partial("ix_client_domains_unshown", client_domains, "id", where=unshown)
