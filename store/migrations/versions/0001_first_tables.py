"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_records",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_records")),
        sa.UniqueConstraint("id", name=op.f("uq_audit_records_id")),
    )
    op.create_index(
        op.f("ix_audit_records_client_id_sequence"), "audit_records", ["client_id", "sequence"], unique=False
    )
    op.create_index(
        op.f("ix_audit_records_object_id_sequence"), "audit_records", ["object_id", "sequence"], unique=False
    )
    op.create_table(
        "blocked_keys",
        sa.Column("spki_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("spki_sha256", name=op.f("pk_blocked_keys")),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("name", name=op.f("uq_clients_name")),
    )
    op.create_table(
        "issuers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("alternate_chains", sa.Text(), nullable=False),
        sa.Column("key_reference", sa.String(), nullable=False),
        sa.Column("crl_url", sa.String(), nullable=False),
        sa.Column("ocsp_url", sa.String(), nullable=False),
        sa.Column("certificate_url", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuers")),
    )
    op.create_table(
        "sealed_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("spki", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_keys")),
    )
    op.create_table(
        "used_once",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_used_once")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_used_once_expires_at"), "used_once", ["expires_at"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("thumbprint", sa.String(), nullable=False),
        sa.Column("contacts", sa.Text(), nullable=False),
        sa.Column("terms_agreed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_accounts_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("thumbprint", name=op.f("uq_accounts_thumbprint")),
    )
    op.create_index(op.f("ix_accounts_client_id_id"), "accounts", ["client_id", "id"], unique=False)
    op.create_table(
        "crl_numbers",
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crl_numbers_issuer_id_issuers")),
        sa.PrimaryKeyConstraint("issuer_id", name=op.f("pk_crl_numbers")),
    )
    op.create_table(
        "crls",
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crls_issuer_id_issuers")),
        sa.PrimaryKeyConstraint("issuer_id", "number", name=op.f("pk_crls")),
    )
    op.create_table(
        "own_certificates",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("certificate_id", sa.String(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_own_certificates_issuer_id_issuers")),
        sa.PrimaryKeyConstraint("role", "issuer_id", name=op.f("pk_own_certificates")),
    )
    op.create_table(
        "product_versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("roads", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_product_versions_client_id_clients")),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_product_versions_issuer_id_issuers")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_product_versions")),
    )
    op.create_index(op.f("ix_product_versions_client_id"), "product_versions", ["client_id"], unique=False)
    op.create_table(
        "authorizations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("identifier_type", sa.String(), nullable=False),
        sa.Column("identifier_value", sa.String(), nullable=False),
        sa.Column("wildcard", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_authorizations_account_id_accounts")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_authorizations_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorizations")),
    )
    op.create_index(
        op.f("ix_authorizations_account_id_identifier_value"),
        "authorizations",
        ["account_id", "identifier_value"],
        unique=False,
    )
    op.create_index(op.f("ix_authorizations_client_id_id"), "authorizations", ["client_id", "id"], unique=False)
    op.create_table(
        "current_products",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["id", "version"],
            ["product_versions.id", "product_versions.version"],
            name=op.f("fk_current_products_id_version_product_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_current_products")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("product_version", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("road", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("identifiers", sa.Text(), nullable=False),
        sa.Column("authorization_ids", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("csr", sa.LargeBinary(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("certificate_id", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_orders_account_id_accounts")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_orders_client_id_clients")),
        sa.ForeignKeyConstraint(
            ["product_id", "product_version"],
            ["product_versions.id", "product_versions.version"],
            name=op.f("fk_orders_product_id_product_version_product_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_account_id_id"), "orders", ["account_id", "id"], unique=False)
    op.create_index(op.f("ix_orders_client_id_id"), "orders", ["client_id", "id"], unique=False)
    op.create_index(
        "ix_orders_new_expires_at",
        "orders",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'NEW'"),
        postgresql_where=sa.text("state = 'NEW'"),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("identifiers", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("spki_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("tbs", sa.LargeBinary(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revocation_reason", sa.SmallInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_certificates_client_id_clients")),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_certificates_issuer_id_issuers")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_certificates_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("issuer_id", "serial", name=op.f("uq_certificates_issuer_id_serial")),
    )
    op.create_index(op.f("ix_certificates_client_id_id"), "certificates", ["client_id", "id"], unique=False)
    op.create_index(
        "ix_certificates_fingerprint",
        "certificates",
        ["fingerprint"],
        unique=False,
        sqlite_where=sa.text("fingerprint IS NOT NULL"),
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )
    op.create_index(op.f("ix_certificates_order_id"), "certificates", ["order_id"], unique=False)
    op.create_index(
        "ix_certificates_revoked",
        "certificates",
        ["issuer_id", "serial"],
        unique=False,
        sqlite_where=sa.text("status IN ('revoked', 'abandoned')"),
        postgresql_where=sa.text("status IN ('revoked', 'abandoned')"),
    )
    op.create_table(
        "challenges",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("authorization_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("validated_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"], ["authorizations.id"], name=op.f("fk_challenges_authorization_id_authorizations")
        ),
        sa.PrimaryKeyConstraint("authorization_id", "position", name=op.f("pk_challenges")),
        sa.UniqueConstraint("id", name=op.f("uq_challenges_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("subject_id", sa.String(), nullable=True),
        sa.Column("waiting_for", sa.String(), nullable=False),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("executions", sa.Integer(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("claimable_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_jobs_client_id_clients")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_jobs_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_claimable_at",
        "jobs",
        ["claimable_at"],
        unique=False,
        sqlite_where=sa.text("claimable_at IS NOT NULL"),
        postgresql_where=sa.text("claimable_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_open_type",
        "jobs",
        ["type", "subject_id"],
        unique=False,
        sqlite_where=sa.text("(state NOT IN ('SUCCESS', 'FAILED'))"),
        postgresql_where=sa.text("(state NOT IN ('SUCCESS', 'FAILED'))"),
    )
    op.create_index(op.f("ix_jobs_order_id"), "jobs", ["order_id"], unique=False)
    op.create_table(
        "order_authorizations",
        sa.Column("authorization_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorizations.id"],
            name=op.f("fk_order_authorizations_authorization_id_authorizations"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_authorizations_order_id_orders")),
        sa.PrimaryKeyConstraint("authorization_id", "order_id", name=op.f("pk_order_authorizations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_identifiers",
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_identifiers_order_id_orders")),
        sa.PrimaryKeyConstraint("value", "order_id", name=op.f("pk_order_identifiers")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("order_identifiers")
    op.drop_table("order_authorizations")
    op.drop_index(op.f("ix_jobs_order_id"), table_name="jobs")
    op.drop_index(
        "ix_jobs_open_type",
        table_name="jobs",
        sqlite_where=sa.text("(state NOT IN ('SUCCESS', 'FAILED'))"),
        postgresql_where=sa.text("(state NOT IN ('SUCCESS', 'FAILED'))"),
    )
    op.drop_index(
        "ix_jobs_claimable_at",
        table_name="jobs",
        sqlite_where=sa.text("claimable_at IS NOT NULL"),
        postgresql_where=sa.text("claimable_at IS NOT NULL"),
    )
    op.drop_table("jobs")
    op.drop_table("challenges")
    op.drop_index(
        "ix_certificates_revoked",
        table_name="certificates",
        sqlite_where=sa.text("status IN ('revoked', 'abandoned')"),
        postgresql_where=sa.text("status IN ('revoked', 'abandoned')"),
    )
    op.drop_index(op.f("ix_certificates_order_id"), table_name="certificates")
    op.drop_index(
        "ix_certificates_fingerprint",
        table_name="certificates",
        sqlite_where=sa.text("fingerprint IS NOT NULL"),
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )
    op.drop_index(op.f("ix_certificates_client_id_id"), table_name="certificates")
    op.drop_table("certificates")
    op.drop_index(
        "ix_orders_new_expires_at",
        table_name="orders",
        sqlite_where=sa.text("state = 'NEW'"),
        postgresql_where=sa.text("state = 'NEW'"),
    )
    op.drop_index(op.f("ix_orders_client_id_id"), table_name="orders")
    op.drop_index(op.f("ix_orders_account_id_id"), table_name="orders")
    op.drop_table("orders")
    op.drop_table("current_products")
    op.drop_index(op.f("ix_authorizations_client_id_id"), table_name="authorizations")
    op.drop_index(op.f("ix_authorizations_account_id_identifier_value"), table_name="authorizations")
    op.drop_table("authorizations")
    op.drop_index(op.f("ix_product_versions_client_id"), table_name="product_versions")
    op.drop_table("product_versions")
    op.drop_table("own_certificates")
    op.drop_table("crls")
    op.drop_table("crl_numbers")
    op.drop_index(op.f("ix_accounts_client_id_id"), table_name="accounts")
    op.drop_table("accounts")
    op.drop_index(op.f("ix_used_once_expires_at"), table_name="used_once")
    op.drop_table("used_once")
    op.drop_table("sealed_keys")
    op.drop_table("issuers")
    op.drop_table("clients")
    op.drop_table("blocked_keys")
    op.drop_index(op.f("ix_audit_records_object_id_sequence"), table_name="audit_records")
    op.drop_index(op.f("ix_audit_records_client_id_sequence"), table_name="audit_records")
    op.drop_table("audit_records")
