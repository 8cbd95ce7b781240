"""Pre-validated domains: control that a Client has shown once, for a domain and everything below it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import idna


class DomainStatus(StrEnum):
    """What there is to say of a pre-validated domain, as the published API has it.

    PENDING: its token can be found in the DNS until it ends. VALID: control is shown, and serves orders. EXPIRED:
    control was shown, or a token given out, and the time for it is over. NOT_VALIDATED: neither, and no token.
    """

    PENDING = "PENDING"
    EXPIRED = "EXPIRED"
    VALID = "VALID"
    NOT_VALIDATED = "NOT_VALIDATED"


@dataclass(frozen=True, kw_only=True)
class DomainToken:
    """The random value that shows control where it is found in the DNS: base64url, 192 bits, usable for 30 days."""

    value: str
    created_at: datetime
    expires_at: datetime

    def usable_at(self, now: datetime) -> bool:
        """Whether it would show control at ``now`` (rule 65)."""
        return self.created_at <= now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class ClientDomain:
    """A domain (``cld-``) that a Client has registered. ``name`` is in lower case and ASCII, never a wildcard.

    Control was last shown at ``validated_at`` and serves until ``valid_until``; ``dnssec`` says that it was by signed
    answers alone. ``result`` is the sentence about the last look-up, made at ``checked_at``.
    """

    id: str
    client_id: str
    name: str
    created_at: datetime
    created_by: str
    token: DomainToken | None
    validated_at: datetime | None = None
    valid_until: datetime | None = None
    dnssec: bool = False
    checked_at: datetime | None = None
    result: str = ""
    revision: int = 0

    @property
    def unicode_name(self) -> str:
        """The name with its international labels as people write them."""
        return ".".join(_unicode_label(label) for label in self.name.split("."))

    @property
    def place(self) -> str:
        """Where it stands in a list by name, over all Clients."""
        return f"{self.name}/{self.id}"

    def valid_at(self, now: datetime) -> bool:
        """Whether control serves orders at ``now``."""
        return self.valid_until is not None and now < self.valid_until

    def status_at(self, now: datetime) -> DomainStatus:
        """Return the status as it is at ``now``."""
        if self.valid_at(now):
            return DomainStatus.VALID
        if self.token is not None and self.token.usable_at(now):
            return DomainStatus.PENDING
        ended = self.validated_at is not None or self.token is not None
        return DomainStatus.EXPIRED if ended else DomainStatus.NOT_VALIDATED

    def awaits_check_at(self, now: datetime) -> bool:
        """Whether its token is usable and has not shown control yet."""
        if self.token is None or not self.token.usable_at(now):
            return False
        return self.validated_at is None or self.validated_at < self.token.created_at


def _unicode_label(label: str) -> str:
    try:
        return idna.ulabel(label)
    except idna.IDNAError:
        return label
