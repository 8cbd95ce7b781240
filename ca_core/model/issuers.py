"""Issuers: the certification authorities the gateway signs under, and the keys it keeps for itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IssuerKind(StrEnum):
    """ROOT: offline, its key is not in the installation. ISSUING: signs what is ordered."""

    ROOT = "root"
    ISSUING = "issuing"


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """A certification authority (``iss-``).

    ``certificate`` is DER; ``chain`` are the DER certificates above it, without the root; ``alternate_chains`` are
    further chains the same certificate can be delivered with. ``key_reference`` names the key protection and the
    key in it: ``software:key-...`` or ``pkcs11:LABEL``; it is empty for an offline root.
    ``crl_url``, ``ocsp_url`` and ``certificate_url`` go into the certificates it issues.
    """

    id: str
    name: str
    kind: IssuerKind
    certificate: bytes
    chain: tuple[bytes, ...] = ()
    alternate_chains: tuple[tuple[bytes, ...], ...] = ()
    key_reference: str
    crl_url: str
    ocsp_url: str
    certificate_url: str
    created_at: datetime


class OwnCertificateRole(StrEnum):
    """The certificates the gateway orders for itself; messages are encrypted for an RSA key or for one on a curve."""

    TLS_LISTENER = "tls-listener"
    OCSP_RESPONDER = "ocsp-responder"
    CMC_RESPONDER = "cmc-responder"
    CMC_RECIPIENT = "cmc-recipient"
    CMC_RECIPIENT_EC = "cmc-recipient-ec"


@dataclass(frozen=True, kw_only=True)
class OwnCertificate:
    """A certificate of the gateway's own with its key: one a role and issuer, replaced in time by itself."""

    role: OwnCertificateRole
    issuer_id: str
    certificate_id: str
    certificate: bytes
    chain: tuple[bytes, ...]
    key_id: str
    not_after: datetime


@dataclass(frozen=True, kw_only=True)
class SealedKey:
    """A private key (``key-``) encrypted under the key-encryption key; ``spki`` is its public key in DER."""

    id: str
    algorithm: str
    spki: bytes
    sealed: bytes
    created_at: datetime
