"""What fills a store: orders and certificates, each made from its number, with the variety that searches want."""

from datetime import UTC, datetime, timedelta
from typing import Final

from ca_core.model.certificates import Certificate, CertificateStatus, Revocation, RevocationReason
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import KeyPolicy, LintPolicy, NamePolicy, Policy, Product, Profile, ProfileKind, Road

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
LARGE: Final = "cli-0"
"""The Client that has half of the orders; the others share the rest."""
CLIENTS: Final = 10
PRODUCT: Final = Product(
    id="pma-1",
    client_id=LARGE,
    issuer_id="iss-1",
    name="tls",
    description="",
    version="v" * 64,
    roads=frozenset(Road),
    policy=Policy(
        public=False,
        profile=Profile(kind=ProfileKind.TLS_SERVER, validity=90 * 86400),
        names=NamePolicy(),
        keys=KeyPolicy(),
        lint=LintPolicy(),
    ),
)
_ROADS: Final = (Road.ACME, Road.ACME, Road.REST, Road.CMC)


def make_order(index: int) -> Order:
    """Return an order of ``PRODUCT``: one in 5,000 waits for an approval, half have a tag."""
    waits = index % 5000 == 17
    return Order(
        id=make_id("ord", index),
        client_id=LARGE if index % 2 else f"cli-{index // 2 % (CLIENTS - 1) + 1}",
        product_id=PRODUCT.id,
        product_version=PRODUCT.version,
        product_name=PRODUCT.name,
        account_id=None,
        road=_ROADS[index % len(_ROADS)],
        placed_by="api-user:rare" if index % 10_000 == 3 else "api-user:01a20d8f-a4e8-76c7-b0d6-a63cd94e3640",
        identifiers=(Identifier(type=IdentifierType.DNS, value=f"host-{index}.example.com"),),
        authorization_ids=(),
        state=OrderState.PENDING_AUTH if waits else OrderState.ISSUED,
        created_at=NOW + timedelta(seconds=index),
        expires_at=NOW + timedelta(days=30),
        csr=b"\x30" * 400,
        certificate_id=None if waits else make_id("crt", index),
        comment="for the shop" if index % 20_000 == 5 else "",
        tags=(("even",) if index // 2 % 2 else ()) + (("rare",) if index % 5000 == 3 else ()),
    )


def make_certificate(order: Order, index: int) -> Certificate:
    """Return the certificate of an order that does not wait; one in 4,000 is revoked. Its DER is not one."""
    revoked = index % 4000 == 7
    return Certificate(
        id=make_id("crt", index),
        order_id=order.id,
        client_id=order.client_id,
        issuer_id="iss-1",
        serial=index,
        status=CertificateStatus.REVOKED if revoked else CertificateStatus.ISSUED,
        identifiers=order.identifiers,
        subject=f"CN=host-{index}.example.com" if index % 4 == 0 else "",
        not_before=NOW + timedelta(seconds=index),
        not_after=NOW + timedelta(days=90, seconds=index),
        spki_sha256=index.to_bytes(32),
        tbs=b"\x30" * 700,
        der=b"\x30" * 800,
        fingerprint=f"{index:064x}",
        revocation=Revocation(revoked_at=NOW, reason=RevocationReason.KEY_COMPROMISE, revoked_by="x")
        if revoked
        else None,
        created_at=NOW,
    )


def make_id(prefix: str, index: int) -> str:
    """An id as long as ours, and sorted as they are."""
    return f"{prefix}-01a20d8f-a4e8-76c7-b0d6-{index:012x}"
