"""Identifiers: what a certificate names and control is shown of (RFC 8555 section 7.1.4, RFC 8738, RFC 8823)."""

from dataclasses import dataclass
from enum import StrEnum


class IdentifierType(StrEnum):
    """The identifier types the model knows; a product decides which it takes."""

    DNS = "dns"
    IP = "ip"
    EMAIL = "email"


HOSTS = frozenset({IdentifierType.DNS, IdentifierType.IP})
"""The types that name hosts."""


@dataclass(frozen=True, kw_only=True, order=True)
class Identifier:
    """One name. ``value`` is as the requester wrote it after the name policy normalised it; ``*.`` marks a wildcard."""

    type: IdentifierType
    value: str

    @property
    def wildcard(self) -> bool:
        """Whether the name is a wildcard domain name."""
        return self.type is IdentifierType.DNS and self.value.startswith("*.")

    @property
    def base(self) -> "Identifier":
        """The name whose control is shown: a wildcard without its ``*.`` (RFC 8555 section 7.1.3).

        Of a mail address it is the domain, whose owner decides about its mailboxes (S/MIME BR 3.2.2.1).
        """
        if self.type is IdentifierType.EMAIL:
            return Identifier(type=IdentifierType.DNS, value=self.value.rpartition("@")[2])
        return Identifier(type=self.type, value=self.value.removeprefix("*."))

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


@dataclass(frozen=True, kw_only=True)
class UnknownIdentifier:
    """A name of a type that is none of the model's, as the requester wrote both: it can only be refused."""

    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


RequestedIdentifier = Identifier | UnknownIdentifier
"""What a requester names."""
