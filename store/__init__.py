"""The durable store: SQLAlchemy Core tables, prebuilt statements and migrations. Knows ca_core.model, nothing above."""
