"""The provider at which people sign in, as the core sees it."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.users import LinkedSubject

SECONDS: Final = 10.0
"""For each request to the provider."""


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """A provider of OpenID Connect and how we are registered there.

    ``redirect_uri`` is where it sends browsers back to, ``ca_file`` a PEM file of the CAs to trust in place of the
    system's.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid", "email")
    label: str = ""
    ca_file: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom a provider knows. ``email`` is empty unless it has verified that the address is his."""

    subject: LinkedSubject
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a browser brings back from the provider (RFC 6749 section 4.1.2, RFC 9207); empty: it did not."""

    code: str = ""
    state: str = ""
    issuer: str = ""
    error: str = ""


class IdentityProvider(Protocol):
    """A provider."""

    @property
    def label(self) -> str:
        """What people call it; empty when none is configured."""
        ...

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return the URL to send a browser to; raises UNAVAILABLE when the provider does not answer as one."""
        ...

    async def identity(self, returned: Returned, *, nonce: str, verifier: str) -> Identity:
        """Return who has signed in there; raises UNAUTHENTICATED, and UNAVAILABLE as above."""
        ...


class NoIdentityProvider:
    """None is configured."""

    label: Final = ""

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Refuse."""
        del state, nonce, verifier
        raise _not_configured()

    async def identity(self, returned: Returned, *, nonce: str, verifier: str) -> Identity:
        """Refuse."""
        del returned, nonce, verifier
        raise _not_configured()


def _not_configured() -> TriviumError:
    return TriviumError(ErrorKind.NOT_FOUND, "No identity provider is configured here: see `oidc.issuer`.")
