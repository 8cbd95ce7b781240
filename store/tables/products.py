"""The tables of products and their versions."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, String, Table

from store import codecs
from store.columns import Json
from store.tables.metadata import client, metadata, required

# Every version ever current stays: an order is issued under the version it was placed with.
product_versions = Table(
    "product_versions",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", String, primary_key=True),
    client(),
    required("issuer_id", String, ForeignKey("issuers.id")),
    required("name", String),
    required("description", String),
    required("roads", Json(codecs.encode_roads, codecs.decode_roads)),
    required("policy", Json(codecs.encode_policy, codecs.decode_policy)),
    Index(None, "client_id"),
)

current_products = Table(
    "current_products",
    metadata,
    Column("id", String, primary_key=True),
    required("version", String),
    ForeignKeyConstraint(["id", "version"], ["product_versions.id", "product_versions.version"]),
)
