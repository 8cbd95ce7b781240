"""Every table, in a module of its topic."""

from store.tables.accounts import accounts, external_account_keys
from store.tables.annotations import order_comments, order_recipients, registration_documents
from store.tables.approvals import approvals
from store.tables.audit import audit_records
from store.tables.authorizations import authorizations, challenges, client_waits
from store.tables.certificates import certificates, crl_numbers, crls, issued, on_crl
from store.tables.clients import clients
from store.tables.cmc_clients import cmc_challenges, cmc_clients, cmc_transactions
from store.tables.domains import client_domains, unshown
from store.tables.external_certificates import external_certificates
from store.tables.idempotency import idempotent_requests
from store.tables.issuers import issuers, own_certificates, sealed_keys
from store.tables.jobs import awaits_approval, jobs, open_job
from store.tables.limits import blocked_keys, rate_limits, used_once
from store.tables.metadata import metadata
from store.tables.orders import (
    MAX_TERM,
    TermKind,
    failed,
    order_authorizations,
    order_terms,
    orders,
    replaces,
    waiting,
)
from store.tables.products import current_products, product_versions
from store.tables.sessions import ceremonies, passkeys, sessions, sign_in_links
from store.tables.users import api_keys, role_assignments, roles, users
from store.tables.webhooks import pending_delivery, webhook_deliveries, webhooks

__all__ = [
    "MAX_TERM",
    "TermKind",
    "accounts",
    "api_keys",
    "approvals",
    "audit_records",
    "authorizations",
    "awaits_approval",
    "blocked_keys",
    "ceremonies",
    "certificates",
    "challenges",
    "client_domains",
    "client_waits",
    "clients",
    "cmc_challenges",
    "cmc_clients",
    "cmc_transactions",
    "crl_numbers",
    "crls",
    "current_products",
    "external_account_keys",
    "external_certificates",
    "failed",
    "idempotent_requests",
    "issued",
    "issuers",
    "jobs",
    "metadata",
    "on_crl",
    "open_job",
    "order_authorizations",
    "order_comments",
    "order_recipients",
    "order_terms",
    "orders",
    "own_certificates",
    "passkeys",
    "pending_delivery",
    "product_versions",
    "rate_limits",
    "registration_documents",
    "replaces",
    "role_assignments",
    "roles",
    "sealed_keys",
    "sessions",
    "sign_in_links",
    "unshown",
    "used_once",
    "users",
    "waiting",
    "webhook_deliveries",
    "webhooks",
]
