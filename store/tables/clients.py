"""The tables of Clients."""

from sqlalchemy import Boolean, Column, String, Table, UniqueConstraint

from store import codecs
from store.columns import Json, Time
from store.tables.metadata import metadata, required

clients = Table(
    "clients",
    metadata,
    Column("id", String, primary_key=True),
    required("name", String),
    required("description", String),
    required("suspended", Boolean),
    required("settings", Json(codecs.encode_settings, codecs.decode_settings)),
    required("created_at", Time),
    UniqueConstraint("name"),
)
