"""Every table. A row that belongs to a Client carries ``client_id``; see :mod:`store.columns` for the column types."""

from typing import Any

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
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ca_core.model.accounts import AccountStatus
from ca_core.model.authorizations import AuthorizationStatus, ChallengeStatus, ValidationMethod
from ca_core.model.certificates import CertificateStatus, RevocationReason
from ca_core.model.identifiers import IdentifierType
from ca_core.model.issuers import IssuerKind, OwnCertificateRole
from ca_core.model.jobs import JobState, JobType, TimerType
from ca_core.model.orders import OrderState, ProofOfPossession
from ca_core.model.products import Road
from store import codecs
from store.columns import Json, Member, Object, Serial, Strings, Time, inline

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _required(name: str, *arguments: Any) -> Column[Any]:
    return Column(name, *arguments, nullable=False)


def _client() -> Column[Any]:
    return Column("client_id", String, ForeignKey("clients.id"), nullable=False)


def _problem(name: str) -> Column[Any]:
    return Column(name, Json(codecs.encode_problem, codecs.decode_problem))


def _partial(name: str, table: Table, *columns: str, where: Any, unique: bool = False) -> Index:
    return Index(
        name, *[table.c[column] for column in columns], sqlite_where=where, postgresql_where=where, unique=unique
    )


_IDENTIFIERS = Json(codecs.encode_identifiers, codecs.decode_identifiers)

clients = Table(
    "clients",
    metadata,
    Column("id", String, primary_key=True),
    _required("name", String),
    _required("description", String),
    _required("suspended", Boolean),
    _required("settings", Json(codecs.encode_settings, codecs.decode_settings)),
    _required("created_at", Time),
    UniqueConstraint("name"),
)

issuers = Table(
    "issuers",
    metadata,
    Column("id", String, primary_key=True),
    _required("name", String),
    _required("kind", Member(IssuerKind)),
    _required("certificate", LargeBinary),
    _required("chain", Json(codecs.encode_chain, codecs.decode_chain)),
    _required("alternate_chains", Json(codecs.encode_chains, codecs.decode_chains)),
    _required("key_reference", String),
    _required("crl_url", String),
    _required("ocsp_url", String),
    _required("certificate_url", String),
    _required("created_at", Time),
)

sealed_keys = Table(
    "sealed_keys",
    metadata,
    Column("id", String, primary_key=True),
    _required("algorithm", String),
    _required("spki", LargeBinary),
    _required("sealed", LargeBinary),
    _required("created_at", Time),
)

own_certificates = Table(
    "own_certificates",
    metadata,
    Column("role", Member(OwnCertificateRole), primary_key=True),
    Column("issuer_id", String, ForeignKey("issuers.id"), primary_key=True),
    _required("certificate_id", String),
    _required("certificate", LargeBinary),
    _required("chain", Json(codecs.encode_chain, codecs.decode_chain)),
    _required("key_id", String),
    _required("not_after", Time),
)

# Every version ever current stays: an order is issued under the version it was placed with.
product_versions = Table(
    "product_versions",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", String, primary_key=True),
    _client(),
    _required("issuer_id", String, ForeignKey("issuers.id")),
    _required("name", String),
    _required("description", String),
    _required("roads", Json(codecs.encode_roads, codecs.decode_roads)),
    _required("policy", Json(codecs.encode_policy, codecs.decode_policy)),
    Index(None, "client_id"),
)

current_products = Table(
    "current_products",
    metadata,
    Column("id", String, primary_key=True),
    _required("version", String),
    ForeignKeyConstraint(["id", "version"], ["product_versions.id", "product_versions.version"]),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    _client(),
    _required("product_id", String),
    _required("status", Member(AccountStatus)),
    _required("jwk", Text),
    _required("thumbprint", String),
    _required("contacts", Strings),
    _required("terms_agreed", Boolean),
    _required("created_at", Time),
    Column("external_account_key_id", String),
    Column("external_account_binding", Text),
    _required("revision", Integer),
    UniqueConstraint("thumbprint"),
    Index(None, "client_id", "id"),
)
_partial(
    "ix_accounts_external_account_key_id",
    accounts,
    "external_account_key_id",
    where=accounts.c.external_account_key_id.is_not(None),
)

external_account_keys = Table(
    "external_account_keys",
    metadata,
    Column("id", String, primary_key=True),
    _client(),
    _required("product_ids", Strings),
    _required("reusable", Boolean),
    _required("comment", String),
    _required("created_by", String),
    _required("created_at", Time),
    Column("used_at", Time),
    Column("revoked_at", Time),
    _required("sealed", LargeBinary),
    _required("revision", Integer),
    Index(None, "client_id", "id"),
)

orders = Table(
    "orders",
    metadata,
    Column("id", String, primary_key=True),
    _client(),
    _required("product_id", String),
    _required("product_version", String),
    _required("product_name", String),
    Column("account_id", String, ForeignKey("accounts.id")),
    _required("road", Member(Road)),
    _required("placed_by", String),
    _required("identifiers", _IDENTIFIERS),
    _required("authorization_ids", Strings),
    _required("state", Member(OrderState)),
    _required("created_at", Time),
    _required("expires_at", Time),
    Column("csr", LargeBinary),
    _required("possession", Member(ProofOfPossession)),
    Column("not_before", Time),
    Column("not_after", Time),
    Column("replaces", String),
    Column("certificate_id", String),
    _problem("error"),
    _required("comment", String),
    _required("tags", Strings),
    _required("revision", Integer),
    ForeignKeyConstraint(["product_id", "product_version"], ["product_versions.id", "product_versions.version"]),
    Index(None, "client_id", "id"),
    Index(None, "account_id", "id"),
)
_partial("ix_orders_new_expires_at", orders, "expires_at", where=orders.c.state == inline(OrderState.NEW))
failed = orders.c.state.in_([inline(OrderState.FAILED), inline(OrderState.REJECTED), inline(OrderState.UNKNOWN)])
"""The condition under which an order can have no certificate any more."""
replaces = orders.c.replaces.is_not(None) & ~failed
_partial("uq_orders_replaces", orders, "replaces", where=replaces, unique=True)

authorizations = Table(
    "authorizations",
    metadata,
    Column("id", String, primary_key=True),
    _client(),
    Column("account_id", String, ForeignKey("accounts.id")),
    _required("identifier_type", Member(IdentifierType)),
    _required("identifier_value", String),
    _required("wildcard", Boolean),
    _required("status", Member(AuthorizationStatus)),
    _required("created_at", Time),
    _required("expires_at", Time),
    Column("caa", Json(codecs.encode_caa_permission, codecs.decode_caa_permission)),
    Column("product_id", String),
    Column("product_version", String),
    _required("pre_authorized", Boolean),
    _required("revision", Integer),
    Index(None, "identifier_value", "account_id"),
)

challenges = Table(
    "challenges",
    metadata,
    _required("id", String),
    Column("authorization_id", String, ForeignKey("authorizations.id")),
    Column("position", Integer),
    _required("method", Member(ValidationMethod)),
    _required("token", String),
    _required("status", Member(ChallengeStatus)),
    Column("validated_at", Time),
    _problem("error"),
    _required("revision", Integer),
    PrimaryKeyConstraint("authorization_id", "position"),
    UniqueConstraint("id"),
    sqlite_with_rowid=False,
)

# Which orders an authorization serves: orders.authorization_ids in the other direction.
order_authorizations = Table(
    "order_authorizations",
    metadata,
    Column("authorization_id", String, ForeignKey("authorizations.id")),
    Column("order_id", String, ForeignKey("orders.id")),
    PrimaryKeyConstraint("authorization_id", "order_id"),
    sqlite_with_rowid=False,
)

# Which orders name an identifier: what operators search by.
order_identifiers = Table(
    "order_identifiers",
    metadata,
    Column("value", String),
    Column("order_id", String, ForeignKey("orders.id")),
    PrimaryKeyConstraint("value", "order_id"),
    sqlite_with_rowid=False,
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", String, primary_key=True),
    _required("order_id", String, ForeignKey("orders.id")),
    _client(),
    _required("issuer_id", String, ForeignKey("issuers.id")),
    _required("serial", Serial),
    _required("status", Member(CertificateStatus)),
    _required("identifiers", _IDENTIFIERS),
    _required("subject", String),
    _required("not_before", Time),
    _required("not_after", Time),
    _required("spki_sha256", LargeBinary),
    _required("tbs", LargeBinary),
    Column("der", LargeBinary),
    Column("fingerprint", String),
    Column("revoked_at", Time),
    Column("revocation_reason", Member(RevocationReason)),
    Column("revoked_by", String),
    Column("invalidity_date", Time),
    Column("planned_revocation", Json(codecs.encode_planned_revocation, codecs.decode_planned_revocation)),
    _required("created_at", Time),
    _required("revision", Integer),
    UniqueConstraint("issuer_id", "serial"),
    Index(None, "order_id"),
    Index(None, "spki_sha256"),
)
_partial("ix_certificates_fingerprint", certificates, "fingerprint", where=certificates.c.fingerprint.is_not(None))
issued = certificates.c.status == inline(CertificateStatus.ISSUED)
"""The condition under which a certificate can be revoked."""
on_crl = certificates.c.status.in_([inline(CertificateStatus.REVOKED), inline(CertificateStatus.ABANDONED)])
"""The condition under which a certificate's serial stands on the CRL."""
_partial("ix_certificates_revoked", certificates, "issuer_id", "serial", where=on_crl)

crls = Table(
    "crls",
    metadata,
    Column("issuer_id", String, ForeignKey("issuers.id")),
    Column("number", BigInteger),
    _required("this_update", Time),
    _required("next_update", Time),
    _required("der", LargeBinary),
    PrimaryKeyConstraint("issuer_id", "number"),
)

# The last CRL number taken and the last one published, per issuer.
crl_numbers = Table(
    "crl_numbers",
    metadata,
    Column("issuer_id", String, ForeignKey("issuers.id"), primary_key=True),
    _required("taken", BigInteger),
    _required("published", BigInteger),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    _required("type", Member(JobType, TimerType)),
    _required("state", Member(JobState)),
    _required("created_at", Time),
    Column("order_id", String, ForeignKey("orders.id")),
    Column("client_id", String, ForeignKey("clients.id")),
    Column("parent_id", String),
    Column("subject_id", String),
    _required("waiting_for", String),
    Column("scheduled_at", Time),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("due_at", Time),
    _required("executions", Integer),
    _required("request", Object),
    _required("response", Object),
    _problem("error"),
    _required("lease_owner", String),
    Column("lease_until", Time),
    _required("fence", Integer),
    # From when on a worker may claim the job: due_at, or the end of the lease; NULL when it may not.
    Column("claimable_at", Time),
    Index(None, "order_id"),
)
_partial("ix_jobs_claimable_at", jobs, "claimable_at", where=jobs.c.claimable_at.is_not(None))
open_job = jobs.c.state.not_in([inline(JobState.SUCCESS), inline(JobState.FAILED)])
"""The condition under which a job is not over."""
_partial("ix_jobs_open_type", jobs, "type", "subject_id", where=open_job)

audit_records = Table(
    "audit_records",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    _required("id", String),
    Column("client_id", String),
    _required("object_id", String),
    _required("record", Text),
    UniqueConstraint("id"),
    Index(None, "object_id", "sequence"),
)

used_once = Table(
    "used_once",
    metadata,
    Column("kind", String),
    Column("value", String),
    _required("expires_at", Time),
    PrimaryKeyConstraint("kind", "value"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

# When each bucket of a rate limit is full again, in microseconds since the epoch, with which the store calculates.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("bucket", String),
    _required("full_at", BigInteger),
    PrimaryKeyConstraint("bucket"),
    Index(None, "full_at"),
    sqlite_with_rowid=False,
)

blocked_keys = Table(
    "blocked_keys",
    metadata,
    Column("spki_sha256", LargeBinary, primary_key=True),
    _required("reason", String),
    _required("at", Time),
)

cmc_clients = Table(
    "cmc_clients",
    metadata,
    Column("id", String, primary_key=True),
    _client(),
    _required("name", String),
    _required("product_ids", Strings),
    _required("rights", Json(codecs.encode_rights, codecs.decode_rights)),
    Column("spki_sha256", LargeBinary),
    Column("key_identifier", LargeBinary),
    Column("certificate", LargeBinary),
    Column("certificate_id", String),
    Column("sealed_secret", LargeBinary),
    _required("sha1", Boolean),
    Column("sha1_used_at", Time),
    Column("warned_days", Integer),
    _required("disabled", Boolean),
    _required("created_at", Time),
    _required("revision", Integer),
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
    _required("body_part_id", BigInteger),
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
    _required("sealed", LargeBinary),
    _required("expires_at", Time),
    PrimaryKeyConstraint("cmc_client_id", "transaction", "request"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)
