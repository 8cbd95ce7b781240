"""The directory (RFC 8555 section 7.1.1): where it is, what it says, and every URL that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from ca_core.access.accounts import Enrolment
from gateway.acme.codec import JsonObject, encode_json

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One ACME directory of the gateway; several can stand side by side, each under its own base path.

    ``external_url`` is what clients reach the listener under (``https://ca.example:14000``): plain ASCII, without a
    default port or a trailing slash, because clients sign and compare URLs as strings. ``base_path`` begins with a
    slash (``/acme``). ``enrolment`` says whose the accounts are that register here without an external account
    binding; None is a directory for every Client, which demands a binding. ``cross_origin`` lets web pages of other
    origins be clients. ``hostile`` are the switches that make the gateway hard on clients, where they are on.
    """

    external_url: str
    base_path: str = "/acme"
    enrolment: Enrolment | None
    terms_url: str | None = None
    website: str | None = None
    caa_identities: tuple[str, ...] = ()
    cross_origin: bool = True
    hostile: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.external_url)
        if not self.external_url.isascii() or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"the external URL {self.external_url} must be https://HOST[:PORT]")
        if self.external_url.endswith("/") or parts.netloc.endswith(_DEFAULT_PORTS.get(parts.scheme, "")):
            raise ValueError(f"the external URL {self.external_url} must not end in a slash or a default port")
        if not self.base_path.startswith("/") or self.base_path.endswith("/"):
            raise ValueError(f"the base path {self.base_path} must begin with a slash and not end in one")

    @cached_property
    def root(self) -> str:
        """What every URL of the directory begins with."""
        return self.external_url + self.base_path

    @cached_property
    def url(self) -> str:
        """The URL of the directory itself."""
        return f"{self.root}/directory"

    @cached_property
    def account_prefix(self) -> str:
        """What every account URL begins with; the account's id follows (rule 36)."""
        return account_prefix(self.external_url, self.base_path)

    def account(self, account_id: str) -> str:
        """Return the URL of an account."""
        return self.account_prefix + account_id

    def order(self, order_id: str) -> str:
        """Return the URL of an order."""
        return f"{self.root}/order/{order_id}"

    def authorization(self, authorization_id: str) -> str:
        """Return the URL of an authorization."""
        return f"{self.root}/authorization/{authorization_id}"

    def challenge(self, challenge_id: str) -> str:
        """Return the URL of a challenge."""
        return f"{self.root}/challenge/{challenge_id}"

    def certificate(self, certificate_id: str) -> str:
        """Return the URL of a certificate with its default chain."""
        return f"{self.root}/certificate/{certificate_id}"

    def document(self, *, binding_required: bool, profiles: Mapping[str, str]) -> bytes:
        """Return the directory object; ``profiles`` are descriptions by name (draft-ietf-acme-profiles-00)."""
        meta: JsonObject = {"externalAccountRequired": binding_required}
        if profiles:
            meta["profiles"] = dict(profiles)
        if self.hostile:
            meta["hostile"] = dict(self.hostile)
        if self.terms_url:
            meta["termsOfService"] = self.terms_url
        if self.website:
            meta["website"] = self.website
        if self.caa_identities:
            meta["caaIdentities"] = list(self.caa_identities)
        return encode_json(
            {
                "newNonce": f"{self.root}/new-nonce",
                "newAccount": f"{self.root}/new-account",
                "newOrder": f"{self.root}/new-order",
                "newAuthz": f"{self.root}/new-authz",
                "revokeCert": f"{self.root}/revoke-cert",
                "keyChange": f"{self.root}/key-change",
                "renewalInfo": f"{self.root}/renewal-info",
                "meta": meta,
            }
        )


def account_prefix(external_url: str, base_path: str) -> str:
    """Return what the account URLs of a directory begin with."""
    return f"{external_url}{base_path}/account/"
