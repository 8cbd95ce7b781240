"""The tables of CMC clients."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from store import codecs
from store.columns import Json, Strings, Time
from store.tables.metadata import client, metadata, required

cmc_clients = Table(
    "cmc_clients",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("name", String),
    required("product_ids", Strings),
    required("rights", Json(codecs.encode_rights, codecs.decode_rights)),
    Column("spki_sha256", LargeBinary),
    Column("key_identifier", LargeBinary),
    Column("certificate", LargeBinary),
    Column("certificate_id", String),
    Column("sealed_secret", LargeBinary),
    required("sha1", Boolean),
    Column("sha1_used_at", Time),
    Column("warned_days", Integer),
    required("disabled", Boolean),
    required("networks", Strings),
    required("created_at", Time),
    required("revision", Integer),
    UniqueConstraint("name"),
    UniqueConstraint("spki_sha256"),
    UniqueConstraint("key_identifier"),
    Index(None, "client_id", "id"),
)

# Which orders the requests of a CMC transaction have become.
cmc_transactions = Table(
    "cmc_transactions",
    metadata,
    Column("cmc_client_id", String, ForeignKey("cmc_clients.id")),
    Column("transaction", LargeBinary),
    Column("order_id", String, ForeignKey("orders.id")),
    required("body_part_id", BigInteger),
    PrimaryKeyConstraint("cmc_client_id", "transaction", "order_id"),
    sqlite_with_rowid=False,
)

# What CMC clients have to decrypt to show the possession of a request's key.
cmc_challenges = Table(
    "cmc_challenges",
    metadata,
    Column("cmc_client_id", String, ForeignKey("cmc_clients.id")),
    Column("transaction", LargeBinary),
    Column("request", LargeBinary),
    required("sealed", LargeBinary),
    required("expires_at", Time),
    PrimaryKeyConstraint("cmc_client_id", "transaction", "request"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)
