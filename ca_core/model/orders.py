"""Orders: what every road translates its requests into (states of the users' service)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ca_core.model.annotations import AdditionalRecipient, OfferedDocument
from ca_core.model.certificates import CertificateIdentifier
from ca_core.model.errors import Problem
from ca_core.model.fields import FieldValue
from ca_core.model.identifiers import Identifier, RequestedIdentifier
from ca_core.model.products import Road


class OrderState(StrEnum):
    """The states of an order, in the order of processing."""

    NEW = "NEW"
    PENDING_CSR_RENEWAL = "PENDING_CSR_RENEWAL"
    KEY_VALIDATION = "KEY_VALIDATION"
    GENERATE_TBS = "GENERATE_TBS"
    PRE_VALIDATION = "PRE_VALIDATION"
    PENDING_AUTH = "PENDING_AUTH"
    PRE_ISSUE = "PRE_ISSUE"
    ISSUE = "ISSUE"
    POST_VALIDATION = "POST_VALIDATION"
    FINALIZE_ISSUANCE = "FINALIZE_ISSUANCE"
    ISSUED = "ISSUED"
    REVOKED = "REVOKED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"

    @property
    def terminal(self) -> bool:
        """Whether the pipeline is done with the order."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {OrderState.ISSUED, OrderState.REVOKED, OrderState.FAILED, OrderState.REJECTED, OrderState.UNKNOWN}
)


class ProofOfPossession(StrEnum):
    """How it is shown that the requester holds the private key (rule 76).

    SIGNATURE: the request is signed with it. SHOWN: it was, or something else showed it here, and the request that is
    kept does not show it again. VERIFIED: a registration authority has seen to it and vouches.
    """

    SIGNATURE = "signature"
    SHOWN = "shown"
    VERIFIED = "ra-verified"


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """What every road asks with: product and identifiers, and the CSR (DER) where the road brings it at once.

    ``csr`` is a PKCS #10 request or a CRMF message, ``possession`` how its key was shown to be the requester's.
    ``not_before`` and ``not_after`` are the requester's wish (UTC); a product that does not allow it refuses them.
    ``validity`` is the same wish as a number of seconds.
    ``replaces`` is the certificate that the order's one is to replace (RFC 9773 section 5). ``profile`` names another
    product of the Client in place of ``product_id``'s (draft-ietf-acme-profiles-00). ``publish`` is whether the
    certificate goes into the directory as soon as it is issued; None leaves that to the product.
    ``fields`` are subject attributes and extension values; the product says which it takes.
    """

    product_id: str
    road: Road
    identifiers: tuple[RequestedIdentifier, ...]
    profile: str | None = None
    csr: bytes | None = None
    possession: ProofOfPossession = ProofOfPossession.SIGNATURE
    not_before: datetime | None = None
    not_after: datetime | None = None
    validity: int | None = None
    replaces: CertificateIdentifier | None = None
    comment: str = ""
    tags: tuple[str, ...] = ()
    publish: bool | None = None
    fields: tuple[FieldValue, ...] = ()
    recipients: tuple[AdditionalRecipient, ...] = ()
    documents: tuple[OfferedDocument, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order (``ord-``). It refers to authorizations and never copies them.

    It keeps the product version it was placed with and is issued under it or fails (fault F17). ``csr`` is DER,
    a PKCS #10 request or a CRMF message; ``possession`` says how its key was shown to be the requester's.
    ``product_name`` is that version's name. ``replaces`` is the id of the certificate it is to replace; of the orders
    that did not fail one can replace it. ``publish``: the certificate goes into the directory as soon as it is issued.
    ``fields`` are the subject attributes and extension values of the certificate, the product's own included.
    ``credential_id`` is the API key it was placed with. ``revision`` is the compare-and-set counter of the store.
    """

    id: str
    client_id: str
    product_id: str
    product_version: str
    product_name: str
    account_id: str | None
    road: Road
    placed_by: str
    credential_id: str | None = None
    identifiers: tuple[Identifier, ...]
    authorization_ids: tuple[str, ...]
    state: OrderState
    created_at: datetime
    expires_at: datetime
    csr: bytes | None = None
    possession: ProofOfPossession = ProofOfPossession.SIGNATURE
    not_before: datetime | None = None
    not_after: datetime | None = None
    replaces: str | None = None
    certificate_id: str | None = None
    error: Problem | None = None
    comment: str = ""
    tags: tuple[str, ...] = field(default=())
    publish: bool = False
    fields: tuple[FieldValue, ...] = ()
    revision: int = 0
