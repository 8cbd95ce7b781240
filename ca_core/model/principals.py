"""Who asks: the one form in which every road names the requester, so that the core authorises once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ca_core.model.permissions import Permission


class PrincipalKind(StrEnum):
    """The kinds of requester."""

    ACME_ACCOUNT = "acme-account"
    CERTIFICATE_KEY = "certificate-key"
    CERTIFICATE_HOLDER = "certificate-holder"
    CMC_CLIENT = "cmc-client"
    API_USER = "api-user"
    OPERATOR = "operator"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A requester and the Client it belongs to.

    ``id`` is the id of the account, user or key (``acc-...``), or of the certificate whose holder asks. ``client_id``
    is None for the operator at the machine's console and for the gateway itself, which alone see every Client.
    A user may act for several Clients: his ``client_id`` is None too, ``permissions`` says what he may do for each of
    them, and ``everywhere`` what for every Client there is and for the installation itself. ``credential_id`` is the
    API key (``key-``) he shows. ``address`` is the peer's IP address, for the audit record.
    """

    kind: PrincipalKind
    id: str
    client_id: str | None = None
    address: str = ""
    permissions: Mapping[str, frozenset[Permission]] = field(default_factory=dict)
    everywhere: frozenset[Permission] = frozenset()
    credential_id: str | None = None

    @property
    def actor(self) -> str:
        """The name under which the audit log knows the requester."""
        return f"{self.kind}:{self.id}"


SYSTEM = Principal(kind=PrincipalKind.SYSTEM, id="trivium")
ANONYMOUS = Principal(kind=PrincipalKind.ANONYMOUS, id="anonymous")
