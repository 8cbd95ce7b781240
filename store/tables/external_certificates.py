"""The table of certificates of other CAs."""

from sqlalchemy import Column, Index, LargeBinary, String, Table, Text, UniqueConstraint

from store.columns import Strings, Time
from store.tables.metadata import client, metadata, required

external_certificates = Table(
    "external_certificates",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("fingerprint", String),
    required("serial", String),
    required("subject", Text),
    required("issuer", Text),
    required("names", Strings),
    required("not_before", Time),
    required("not_after", Time),
    required("der", LargeBinary),
    required("imported_at", Time),
    required("imported_by", String),
    UniqueConstraint("client_id", "fingerprint"),
    # The listing by the end, whoever's they are.
    Index(None, "not_after", "id", "client_id"),
)
