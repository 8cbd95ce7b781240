"""The table of what users decided about issuances and revocations."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table

from store.columns import Time
from store.tables.metadata import client, metadata, required

approvals = Table(
    "approvals",
    metadata,
    Column("subject_id", String),
    Column("approver", String),
    required("order_id", String, ForeignKey("orders.id")),
    client(),
    required("granted", Boolean),
    required("reason", String),
    required("decided_at", Time),
    PrimaryKeyConstraint("subject_id", "approver"),
    Index(None, "order_id"),
    Index(None, "approver", "decided_at", "subject_id"),
)
