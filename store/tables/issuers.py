"""The tables of issuers, and of the gateway's own certificates and keys."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from ca_core.model.issuers import IssuerKind, OwnCertificateRole
from store import codecs
from store.columns import Json, Member, Time
from store.tables.metadata import metadata, required

issuers = Table(
    "issuers",
    metadata,
    Column("id", String, primary_key=True),
    required("name", String),
    required("kind", Member(IssuerKind)),
    required("certificate", LargeBinary),
    required("chain", Json(codecs.encode_chain, codecs.decode_chain)),
    required("alternate_chains", Json(codecs.encode_chains, codecs.decode_chains)),
    required("key_reference", String),
    required("crl_url", String),
    required("ocsp_url", String),
    required("certificate_url", String),
    required("created_at", Time),
)

sealed_keys = Table(
    "sealed_keys",
    metadata,
    Column("id", String, primary_key=True),
    required("algorithm", String),
    required("spki", LargeBinary),
    required("sealed", LargeBinary),
    required("created_at", Time),
)

own_certificates = Table(
    "own_certificates",
    metadata,
    Column("role", Member(OwnCertificateRole), primary_key=True),
    Column("issuer_id", String, ForeignKey("issuers.id"), primary_key=True),
    required("certificate_id", String),
    required("certificate", LargeBinary),
    required("chain", Json(codecs.encode_chain, codecs.decode_chain)),
    required("key_id", String),
    required("not_after", Time),
)
