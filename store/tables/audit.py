"""The table of the audit log."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, String, Table, Text, UniqueConstraint

from store.tables.metadata import metadata, required

audit_records = Table(
    "audit_records",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    required("id", String),
    Column("client_id", String),
    required("object_id", String),
    required("record", Text),
    UniqueConstraint("id"),
    Index(None, "object_id", "sequence"),
)
