"""The tables of orders and of what they name and refer to."""

from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from ca_core.model.orders import OrderState, ProofOfPossession
from ca_core.model.products import Road
from store import codecs
from store.columns import Json, Member, Strings, Time, inline
from store.tables.metadata import IDENTIFIERS, client, metadata, partial, problem, required

orders = Table(
    "orders",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("product_id", String),
    required("product_version", String),
    required("product_name", String),
    Column("account_id", String, ForeignKey("accounts.id")),
    required("road", Member(Road)),
    required("placed_by", String),
    Column("credential_id", String),
    required("identifiers", IDENTIFIERS),
    required("authorization_ids", Strings),
    required("state", Member(OrderState)),
    required("created_at", Time),
    required("expires_at", Time),
    Column("csr", LargeBinary),
    required("possession", Member(ProofOfPossession)),
    Column("not_before", Time),
    Column("not_after", Time),
    Column("replaces", String),
    Column("certificate_id", String),
    problem("error"),
    required("comment", String),
    required("tags", Strings),
    required("publish", Boolean),
    required("fields", Json(codecs.encode_fields, codecs.decode_fields)),
    required("revision", Integer),
    ForeignKeyConstraint(["product_id", "product_version"], ["product_versions.id", "product_versions.version"]),
    # A search walks a Client's orders in here, whatever it asks of them, and reads no row that it does not return.
    Index("ix_orders_search", "client_id", "id", "state", "road", "product_id", "placed_by"),
    Index(None, "account_id", "id"),
    Index(None, "client_id", "state"),  # by which they are counted
)
partial("ix_orders_new_expires_at", orders, "expires_at", where=orders.c.state == inline(OrderState.NEW))
waiting = (orders.c.state == inline(OrderState.NEW)) & orders.c.csr.is_not(None)
"""The condition under which an order waits for control of its names alone."""
partial("ix_orders_waiting", orders, "client_id", "id", where=waiting)
partial(
    "ix_orders_pending_auth_expires_at", orders, "expires_at", where=orders.c.state == inline(OrderState.PENDING_AUTH)
)
failed = orders.c.state.in_([inline(OrderState.FAILED), inline(OrderState.REJECTED), inline(OrderState.UNKNOWN)])
"""The condition under which an order can have no certificate any more."""
replaces = orders.c.replaces.is_not(None) & ~failed
partial("uq_orders_replaces", orders, "replaces", where=replaces, unique=True)

# Which orders an authorization serves: orders.authorization_ids in the other direction.
order_authorizations = Table(
    "order_authorizations",
    metadata,
    Column("authorization_id", String, ForeignKey("authorizations.id")),
    Column("order_id", String, ForeignKey("orders.id")),
    PrimaryKeyConstraint("authorization_id", "order_id"),
    sqlite_with_rowid=False,
)


class TermKind(StrEnum):
    """Where a term of an order stands: in its names, its subject, its tags or its comment."""

    NAME = "name"
    SUBJECT = "subject"
    TAG = "tag"
    COMMENT = "comment"


MAX_TERM: Final = 500
"""Characters of a term that are kept: an entry of an index has at most 2.7 kB on PostgreSQL."""

# The texts that orders are found by, in lower case. A search for a whole text looks it up in the index; one for a part
# asks the trigrams for the orders (store/trigrams.py), or reads a Client's terms of a kind in their sequence.
order_terms = Table(
    "order_terms",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    client(),
    required("order_id", String, ForeignKey("orders.id")),
    required("kind", Member(TermKind)),
    required("value", String),
    UniqueConstraint("client_id", "kind", "order_id", "value"),
    Index(None, "client_id", "kind", "value", "order_id"),
)
