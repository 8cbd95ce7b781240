"""Reasons of a revocation on the wire: the names of RFC 5280 section 5.3.1, as far as they can be given."""

from enum import StrEnum

from ca_core.model.certificates import RevocationReason
from ca_core.revocation.reasons import reason_name


class Reason(StrEnum):
    """Why a certificate is revoked."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"

    @property
    def in_core(self) -> RevocationReason:
        """What the core calls it."""
        return RevocationReason[self.name]

    @classmethod
    def of(cls, reason: RevocationReason) -> "Reason":
        """Return the reason as it is shown."""
        return cls(reason_name(reason))
