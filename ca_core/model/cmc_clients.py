"""CMC clients: the mail gateways, appliances and scripts that order over CMC, each for one Client (rule 74)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ca_core.model.permissions import Permission


class CmcRight(StrEnum):
    """What a CMC client may do. ``RA``: act as registration authority of its Client.

    A registration authority vouches for the possession of keys, and revokes and looks up what others ordered.
    """

    ISSUE = "issue"
    REVOKE = "revoke"
    QUERY = "query"
    RA = "ra"


PERMISSIONS_OF: Final = {
    CmcRight.ISSUE: frozenset({Permission.ORDER_VIEW, Permission.ORDER_CREATE}),
    CmcRight.REVOKE: frozenset({Permission.CERTIFICATE_DELETE}),
    CmcRight.QUERY: frozenset(
        {Permission.ORDER_VIEW, Permission.CERTIFICATE_VIEW, Permission.CRL_VIEW, Permission.ISSUER_VIEW}
    ),
    CmcRight.RA: frozenset[Permission](),
}
"""The permissions that each right stands for. ``RA`` adds none, but extends them to what its Client's others did."""


def permissions_of(rights: Iterable[CmcRight]) -> frozenset[Permission]:
    """Return what rights let a CMC client do for its Client."""
    return frozenset[Permission]().union(*(PERMISSIONS_OF[right] for right in rights))


@dataclass(frozen=True, kw_only=True)
class CmcClient:
    """A CMC client (``cmc-``) of a Client. ``product_ids`` are the products it may order, the first by default.

    ``spki_sha256`` and ``key_identifier`` name the key that signs its messages; ``certificate`` is the dedicated one
    (DER), ``certificate_id`` its id where it was issued here. ``sealed_secret`` is the secret shared with it, under
    the key-encryption key. ``sha1`` lets it sign with SHA-1; ``sha1_used_at`` says when it last did. ``warned_days`` is
    how many days before the end of the certificate the operator was last warned of it. ``networks`` are the addresses
    and networks it may send from, any without one.
    """

    id: str
    client_id: str
    name: str
    product_ids: tuple[str, ...]
    rights: frozenset[CmcRight]
    spki_sha256: bytes | None = None
    key_identifier: bytes | None = None
    certificate: bytes | None = None
    certificate_id: str | None = None
    sealed_secret: bytes | None = None
    sha1: bool = False
    sha1_used_at: datetime | None = None
    warned_days: int | None = None
    disabled: bool = False
    networks: tuple[str, ...] = ()
    created_at: datetime
    revision: int = 0

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the client may do for its Client."""
        return permissions_of(self.rights)


@dataclass(frozen=True, kw_only=True)
class CmcChallenge:
    """A challenge that a CMC client has to decrypt to show the possession of a request's key (RFC 10002 section 6.7).

    ``transaction`` is as in :class:`CmcTransaction`, or empty; ``request`` is the SHA-256 of the request, ``sealed``
    the value under the key-encryption key.
    """

    cmc_client_id: str
    transaction: bytes
    request: bytes
    sealed: bytes
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CmcTransaction:
    """What order a request of a transaction has become, so that it is found again (RFC 10002 section 6.6).

    ``transaction`` is a SHA-256: of the transactionId, or of a request that had none. ``body_part_id`` is the
    request's in the message that brought it.
    """

    cmc_client_id: str
    transaction: bytes
    body_part_id: int
    order_id: str
