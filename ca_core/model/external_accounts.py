"""External accounts: the keys that bind ACME accounts to a Client (RFC 8555 section 7.3.4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ExternalAccountKeyStatus(StrEnum):
    """What an external account key is still good for."""

    USABLE = "usable"
    USED = "used"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class ExternalAccountKey:
    """A key (``eab-``) that its holder binds ACME accounts with; the id is the ``kid`` of RFC 8555 section 7.3.4.

    An account bound with it belongs to ``client_id`` and orders the first of ``product_ids``; those are all it may
    order. A key that is not ``reusable`` binds one account, at ``used_at``. The HMAC key itself is no part of this
    value: the store keeps it apart and sealed, and it is shown once.
    """

    id: str
    client_id: str
    product_ids: tuple[str, ...]
    reusable: bool
    comment: str
    created_by: str
    created_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    revision: int = 0

    @property
    def status(self) -> ExternalAccountKeyStatus:
        """Whether it binds accounts; a reusable one is never used up."""
        if self.revoked_at is not None:
            return ExternalAccountKeyStatus.REVOKED
        return ExternalAccountKeyStatus.USABLE if self.used_at is None else ExternalAccountKeyStatus.USED


@dataclass(frozen=True, kw_only=True)
class ExternalAccountBinding:
    """What bound an account: the key, and the JWS as JSON text, which the account object shows again."""

    key_id: str
    jws: str
