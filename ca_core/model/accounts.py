"""ACME accounts (RFC 8555 section 7.1.2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ca_core.model.external_accounts import ExternalAccountBinding


class AccountStatus(StrEnum):
    """RFC 8555 section 7.1.6."""

    VALID = "valid"
    DEACTIVATED = "deactivated"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class Account:
    """An ACME account (``acc-``) of a Client.

    ``jwk`` is the public key as canonical JSON (RFC 7638 form), ``thumbprint`` its base64url SHA-256 thumbprint.
    ``product_id`` is the product an order of this account gets. ``binding`` never changes (RFC 8555 section 7.1.2).
    """

    id: str
    client_id: str
    product_id: str
    status: AccountStatus
    jwk: str
    thumbprint: str
    contacts: tuple[str, ...]
    terms_agreed: bool
    created_at: datetime
    binding: ExternalAccountBinding | None = None
    revision: int = 0
