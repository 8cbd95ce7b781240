"""Authorizations: control of an identifier, shown once and referred to by orders (RFC 8555 section 7.1.4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ca_core.model.errors import Problem
from ca_core.model.identifiers import Identifier


class AuthorizationStatus(StrEnum):
    """RFC 8555 section 7.1.6. ``expired`` is derived from ``expires_at`` when read."""

    PENDING = "pending"
    VALID = "valid"
    INVALID = "invalid"
    DEACTIVATED = "deactivated"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ChallengeStatus(StrEnum):
    """RFC 8555 section 7.1.6."""

    PENDING = "pending"
    PROCESSING = "processing"
    VALID = "valid"
    INVALID = "invalid"


class ValidationMethod(StrEnum):
    """How control is shown. ``configured``: the operator named it in the gateway's own settings.

    Beside those of ACME there are two in which a random value of ours is found as it is: ``ca-dns-change`` in the DNS
    (BR 3.2.2.4.7), ``ca-website-change`` on a page under the name (BR 3.2.2.4.18). RFC 8657 section 4 has labels
    outside ACME begin so.

    ``ra-vouched``: the registration authority that ordered vouches for it, where a private product takes its word.
    ``certificate-linked``: the holder of a certificate for it renews that, where a private product lets him.
    """

    HTTP_01 = "http-01"
    DNS_01 = "dns-01"
    TLS_ALPN_01 = "tls-alpn-01"
    CA_DNS_CHANGE = "ca-dns-change"
    CA_WEBSITE_CHANGE = "ca-website-change"
    CONFIGURED = "configured"
    RA_VOUCHED = "ra-vouched"
    CERTIFICATE_LINKED = "certificate-linked"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One way to show control (``chl-``). ``token`` is base64url without padding, at least 128 bits."""

    id: str
    authorization_id: str
    method: ValidationMethod
    token: str
    status: ChallengeStatus
    validated_at: datetime | None = None
    error: Problem | None = None
    revision: int = 0


@dataclass(frozen=True, kw_only=True)
class CaaPermission:
    """That CAA allowed issuance for a name: when, to which issuer domain names, and whether by signed answers alone."""

    at: datetime
    identities: tuple[str, ...]
    dnssec: bool


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """Control of one identifier (``azn-``) by a Client and, when made through ACME, by one account of it.

    ``identifier`` never carries ``*.``; ``wildcard`` says that only the wildcard of it is meant (rule 50). ``caa`` is
    the permission found when control was shown; None where CAA was not checked.
    ``pre_authorized`` ones were made to serve the orders that come, the others with an order (RFC 8555 section 7.4.1).
    Control is shown as ``product_version`` of ``product_id`` wants it; both are None when no product had a say.
    ``domain_id`` is the pre-validated domain by which control is shown: with it the authorization ends.
    """

    id: str
    client_id: str
    account_id: str | None
    identifier: Identifier
    wildcard: bool
    status: AuthorizationStatus
    created_at: datetime
    expires_at: datetime
    challenges: tuple[Challenge, ...]
    caa: CaaPermission | None = None
    product_id: str | None = None
    product_version: str | None = None
    pre_authorized: bool = False
    domain_id: str | None = None
    revision: int = 0

    @property
    def named(self) -> Identifier:
        """The identifier as a certificate has it: a wildcard with its ``*.``."""
        return (
            Identifier(type=self.identifier.type, value=f"*.{self.identifier.value}")
            if self.wildcard
            else self.identifier
        )

    @property
    def methods(self) -> frozenset[ValidationMethod]:
        """The methods by which control was shown."""
        return frozenset(one.method for one in self.challenges if one.status is ChallengeStatus.VALID)

    @property
    def shown_at(self) -> datetime:
        """When control was shown; of a valid authorization only."""
        return max((one.validated_at for one in self.challenges if one.validated_at), default=self.created_at)

    def status_at(self, now: datetime) -> AuthorizationStatus:
        """Return the status as it is at ``now``: pending and valid ones expire."""
        if self.status in {AuthorizationStatus.PENDING, AuthorizationStatus.VALID} and now >= self.expires_at:
            return AuthorizationStatus.EXPIRED
        return self.status

    def covers(self, identifier: Identifier) -> bool:
        """Whether it is for exactly ``identifier``: a wildcard's never covers the base, nor the reverse."""
        return self.identifier == identifier.base and self.wildcard == identifier.wildcard


@dataclass(frozen=True, kw_only=True)
class FoundChallenge:
    """A challenge as operators look at it: with the name, Client and account it is for.

    Its token counts until ``expires_at``; once control is shown, so long does the authorization.
    """

    id: str
    authorization_id: str
    client_id: str
    account_id: str | None
    identifier: Identifier
    wildcard: bool
    method: ValidationMethod
    token: str
    status: ChallengeStatus
    authorization_status: AuthorizationStatus
    validated_at: datetime | None
    expires_at: datetime
