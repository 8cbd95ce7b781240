"""The tables of ACME accounts and external account keys."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from ca_core.model.accounts import AccountStatus
from store.columns import Member, Strings, Time
from store.tables.metadata import client, metadata, partial, required

accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("product_id", String),
    required("status", Member(AccountStatus)),
    required("jwk", Text),
    required("thumbprint", String),
    required("contacts", Strings),
    required("terms_agreed", Boolean),
    required("created_at", Time),
    Column("external_account_key_id", String),
    Column("external_account_binding", Text),
    required("revision", Integer),
    UniqueConstraint("thumbprint"),
    Index(None, "client_id", "id"),
)
partial(
    "ix_accounts_external_account_key_id",
    accounts,
    "external_account_key_id",
    where=accounts.c.external_account_key_id.is_not(None),
)

external_account_keys = Table(
    "external_account_keys",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("product_ids", Strings),
    required("reusable", Boolean),
    required("comment", String),
    required("created_by", String),
    required("created_at", Time),
    Column("used_at", Time),
    Column("revoked_at", Time),
    required("sealed", LargeBinary),
    required("revision", Integer),
    Index(None, "client_id", "id"),
)
