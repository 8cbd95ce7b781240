"""The tables of certificates and CRLs."""

from sqlalchemy import (
    BigInteger,
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

from ca_core.model.certificates import CertificateStatus, RevocationReason
from store import codecs
from store.columns import Json, Member, Serial, Time, inline
from store.tables.metadata import IDENTIFIERS, client, metadata, partial, required

certificates = Table(
    "certificates",
    metadata,
    Column("id", String, primary_key=True),
    required("order_id", String, ForeignKey("orders.id")),
    client(),
    required("issuer_id", String, ForeignKey("issuers.id")),
    required("serial", Serial),
    required("status", Member(CertificateStatus)),
    required("identifiers", IDENTIFIERS),
    required("subject", String),
    required("not_before", Time),
    required("not_after", Time),
    required("spki_sha256", LargeBinary),
    required("tbs", LargeBinary),
    Column("der", LargeBinary),
    Column("fingerprint", String),
    Column("revoked_at", Time),
    Column("revocation_reason", Member(RevocationReason)),
    Column("revoked_by", String),
    Column("revocation_requestor", String),
    Column("invalidity_date", Time),
    Column("planned_revocation", Json(codecs.encode_planned_revocation, codecs.decode_planned_revocation)),
    required("created_at", Time),
    required("revision", Integer),
    UniqueConstraint("issuer_id", "serial"),
    Index(None, "order_id"),
    Index(None, "spki_sha256"),
    # What searches walk, by the sequence of the orders or of the ends: all that they ask of a certificate is in here.
    Index("ix_certificates_search", "client_id", "order_id", "id", "status", "not_before", "revocation_reason"),
    Index("ix_certificates_expiry", "client_id", "not_after", "id", "status"),
)
partial("ix_certificates_fingerprint", certificates, "fingerprint", where=certificates.c.fingerprint.is_not(None))
issued = certificates.c.status == inline(CertificateStatus.ISSUED)
"""The condition under which a certificate can be revoked."""
on_crl = certificates.c.status.in_([inline(CertificateStatus.REVOKED), inline(CertificateStatus.ABANDONED)])
"""The condition under which a certificate's serial stands on the CRL."""
partial("ix_certificates_revoked", certificates, "issuer_id", "serial", where=on_crl)

crls = Table(
    "crls",
    metadata,
    Column("issuer_id", String, ForeignKey("issuers.id")),
    Column("number", BigInteger),
    required("this_update", Time),
    required("next_update", Time),
    required("der", LargeBinary),
    PrimaryKeyConstraint("issuer_id", "number"),
)

# The last CRL number taken and the last one published, per issuer.
crl_numbers = Table(
    "crl_numbers",
    metadata,
    Column("issuer_id", String, ForeignKey("issuers.id"), primary_key=True),
    required("taken", BigInteger),
    required("published", BigInteger),
)
