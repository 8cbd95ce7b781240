"""The table of the audit log."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, String, Table, Text, UniqueConstraint

from ca_core.model.audit import Outcome
from store.columns import Member, Time
from store.tables.metadata import metadata, required

audit_records = Table(
    "audit_records",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    required("id", String),
    Column("client_id", String),
    required("object_id", String),
    required("record", Text),
    # What the log is searched by, beside the record that says it for good.
    required("at", Time),
    required("actor", String),
    required("action", String),
    required("outcome", Member(Outcome)),
    UniqueConstraint("id"),
    Index(None, "object_id", "sequence"),
    Index(None, "client_id", "sequence"),
    Index(None, "action", "sequence"),
    Index(None, "actor", "sequence"),
)
