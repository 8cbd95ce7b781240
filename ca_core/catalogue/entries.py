"""What a catalogue says. Everything in it is known by its name, and nothing that is missing from it is deleted.

The policies are the domain's own types, so there is one list of what a policy can say.
"""

from dataclasses import dataclass, field

from ca_core.model.clients import ClientSettings
from ca_core.model.issuers import IssuerKind
from ca_core.model.permissions import Permission
from ca_core.model.products import Policy, Road


@dataclass(frozen=True, kw_only=True)
class IssuerEntry:
    """An issuer. ``certificate`` and the chains are PEM files in the installation; ``key`` is its key reference.

    ``chain`` goes from the certificate's issuer up, without the root; an alternate chain is complete, from the issuing
    certificate upward.
    """

    id: str
    name: str
    kind: IssuerKind
    certificate: str
    chain: tuple[str, ...] = ()
    alternate_chains: tuple[tuple[str, ...], ...] = ()
    key: str = ""
    crl_url: str
    ocsp_url: str = ""
    certificate_url: str


@dataclass(frozen=True, kw_only=True)
class ClientEntry:
    """A Client. ``suspended`` suspends it; false leaves it as it is, for `trivium client suspend` does so too.

    ``service_account``: a user of that kind, with a key, is made when the Client is.
    """

    name: str
    description: str = ""
    suspended: bool = False
    service_account: bool = True
    settings: ClientSettings = field(default_factory=ClientSettings)


@dataclass(frozen=True, kw_only=True)
class RoleEntry:
    """A role. One that is ``for_every_client`` may be given to a user without naming a Client."""

    name: str
    description: str = ""
    for_every_client: bool = False
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, kw_only=True)
class ProductEntry:
    """A product; ``client`` and ``issuer`` are names."""

    name: str
    client: str
    issuer: str
    description: str = ""
    roads: tuple[Road, ...]
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The content of the file, its own references checked."""

    issuers: tuple[IssuerEntry, ...] = ()
    clients: tuple[ClientEntry, ...] = ()
    products: tuple[ProductEntry, ...] = ()
    roles: tuple[RoleEntry, ...] = ()
