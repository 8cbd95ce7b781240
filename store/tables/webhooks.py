"""The tables of webhooks and of what they are to be told."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from ca_core.model.webhooks import DeliveryState, EventType
from store import codecs
from store.columns import Json, Member, Time, inline
from store.tables.metadata import client, metadata, partial, required

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String, primary_key=True),
    client(),
    required("url", Text),
    required("events", Json(codecs.encode_events, codecs.decode_events)),
    required("description", String),
    required("enabled", Boolean),
    required("created_by", String),
    required("created_at", Time),
    required("sealed", LargeBinary),
    required("revision", Integer),
    Index(None, "client_id", "id"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String, primary_key=True),
    required("webhook_id", String),  # no foreign key: an event must not fail because its webhook is just being deleted
    client(),
    required("event", Member(EventType)),
    required("body", Text),
    required("created_at", Time),
    required("state", Member(DeliveryState)),
    required("tries", Integer),
    Column("due_at", Time),
    Column("tried_at", Time),
    Column("status", Integer),
    required("error", Text),
    Index(None, "webhook_id", "id"),
    Index(None, "created_at"),
)
pending_delivery = webhook_deliveries.c.state == inline(DeliveryState.PENDING)
partial("ix_webhook_deliveries_pending", webhook_deliveries, "webhook_id", "due_at", where=pending_delivery)
