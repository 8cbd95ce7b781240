"""The tables of what people attach to orders."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table

from ca_core.model.annotations import DocumentType, RecipientLanguage, RecipientType
from store.columns import Member, Time
from store.tables.metadata import client, metadata, required

order_recipients = Table(
    "order_recipients",
    metadata,
    Column("order_id", String, ForeignKey("orders.id")),
    Column("email", String),
    Column("recipient_type", Member(RecipientType)),
    required("language", Member(RecipientLanguage)),
    PrimaryKeyConstraint("order_id", "email", "recipient_type"),
    sqlite_with_rowid=False,
)

order_comments = Table(
    "order_comments",
    metadata,
    Column("id", String, primary_key=True),
    required("order_id", String, ForeignKey("orders.id")),
    client(),
    required("author", String),
    required("created_at", Time),
    required("text", String),
    Index(None, "order_id", "id"),
)

registration_documents = Table(
    "registration_documents",
    metadata,
    Column("id", String, primary_key=True),
    required("order_id", String, ForeignKey("orders.id")),
    client(),
    required("name", String),
    required("type", Member(DocumentType)),
    required("size", Integer),
    required("digest", String),
    required("added_by", String),
    required("created_at", Time),
    required("content", LargeBinary),
    Index(None, "order_id", "id"),
)
