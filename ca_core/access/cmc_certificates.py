"""The dedicated certificates of CMC clients: whether one is good now, and how a renewed one takes its place (rule 74).

A client renews its certificate by an order like any other, which says who placed it. The new certificate takes over
when it is first used, so that a client that never got it loses nothing; from then on another key is no longer good.
"""

import hashlib
from datetime import datetime

from cryptography import x509

from ca_core.audit.log import entry
from ca_core.certificates.key_identifier import key_identifier
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.cmc_clients import CmcClient
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, ProfileKind
from ca_core.model.store import Transaction
from ca_core.model.values import replace


def require_good(tx: Transaction, cmc_client: CmcClient, der: bytes, now: datetime) -> None:
    """Raise UNAUTHENTICATED unless the dedicated certificate ``der`` is good: ours by its row, another by its bytes."""
    if cmc_client.certificate_id is None and der != cmc_client.certificate:
        raise unauthenticated("The message comes with another certificate than the one registered for its key")
    certificate = x509.load_der_x509_certificate(der)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise unauthenticated(f"The certificate of the CMC client {cmc_client.name} has expired or is not yet valid")
    if cmc_client.certificate_id is not None:
        stored = tx.certificates.by_fingerprint(hashlib.sha256(der).hexdigest())
        product = None if stored is None else _product_version(tx, stored)
        if stored is None or product is None or product.policy.profile.kind is not ProfileKind.CMC_CLIENT:
            raise unauthenticated("The message comes with a certificate that was not issued here for CMC clients")
        if stored.status is not CertificateStatus.ISSUED:
            raise unauthenticated(f"The certificate of the CMC client {cmc_client.name} is revoked")


def renewal_in(tx: Transaction, der: bytes) -> tuple[CmcClient, Certificate] | None:
    """Return the client that has renewed its dedicated certificate by the one in ``der``, and has not used it yet.

    None for any other certificate. It is newer than the dedicated one, so that an earlier one never comes back; and
    that one is not revoked, so that whoever has stolen its key has renewed it in vain.
    """
    found = tx.certificates.by_fingerprint(hashlib.sha256(der).hexdigest())
    order = tx.orders.get(found.order_id) if found else None
    kind, _, cmc_client_id = order.placed_by.partition(":") if order else ("", "", "")
    cmc_client = tx.cmc_clients.get(cmc_client_id) if kind == PrincipalKind.CMC_CLIENT else None
    if found is None or cmc_client is None or cmc_client.certificate_id is None:
        return None
    product, present = _product_version(tx, found), tx.certificates.get(cmc_client.certificate_id)
    if product is None or product.policy.profile.kind is not ProfileKind.CMC_CLIENT or present is None:
        return None
    newer = found.created_at > present.created_at and present.status is CertificateStatus.ISSUED
    return (cmc_client, found) if newer else None


def take_over(
    core: Core, tx: Transaction, cmc_client: CmcClient, certificate: Certificate, principal: Principal
) -> CmcClient:
    """Let a renewed certificate take the place of the client's dedicated one.

    Raises CONFLICT when the client was changed since it was read, and when another one has the key.
    """
    der = certificate.der or b""
    renewed = replace(
        cmc_client,
        spki_sha256=certificate.spki_sha256,
        key_identifier=key_identifier(x509.load_der_x509_certificate(der)),
        certificate=der,
        certificate_id=certificate.id,
        warned_days=None,
    )
    record = entry(
        core.sources,
        principal,
        "cmc-client.renew",
        cmc_client.id,
        certificate=certificate.id,
        before=cmc_client.certificate_id,
    )
    tx.audit.append([record])
    return tx.cmc_clients.save(renewed)


def dedicated_product(tx: Transaction, cmc_client: CmcClient) -> Product | None:
    """Return the product that the client's dedicated certificate is of; None when that was issued elsewhere."""
    certificate = tx.certificates.get(cmc_client.certificate_id) if cmc_client.certificate_id else None
    order = tx.orders.get(certificate.order_id) if certificate else None
    return tx.products.get(order.product_id) if order else None


def unauthenticated(why: str) -> TriviumError:
    """Return the refusal of a client that is not, or no longer, known by what it signs with."""
    return TriviumError(ErrorKind.UNAUTHENTICATED, f"{why}; ask the operator of the gateway.")


def _product_version(tx: Transaction, certificate: Certificate) -> Product | None:
    order = tx.orders.get(certificate.order_id)
    return tx.products.version(order.product_id, order.product_version) if order else None
