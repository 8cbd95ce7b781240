"""Acceptance: a product can ask for it, and what nobody confirms in time is revoked (RFC 10002 section 6.14).

It is issued with its revocation planned, and whoever ordered it takes the plan back by confirming.
"""

from datetime import timedelta
from typing import Any

from ca_core.access.cmc_clients import may_speak_for
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus, PlannedRevocation, RevocationReason
from ca_core.model.orders import Order
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.revocation.planned import take_back
from ca_core.revocation.revoke import require_issued, revoke_in


def revocation_unless_confirmed(sources: Sources, product: Product, order: Order) -> PlannedRevocation | None:
    """Return the plan that the certificate of an order is issued with; None where nobody has to confirm it."""
    seconds = product.policy.confirmation_time
    if not seconds or order.road is not Road.CMC:
        return None
    now = sources.now()
    return PlannedRevocation(
        revoke_at=now + timedelta(seconds=seconds),
        reason=RevocationReason.UNSPECIFIED,
        planned_at=now,
        planned_by=SYSTEM.actor,
        unless_confirmed=True,
    )


def awaits_confirmation(certificate: Certificate) -> bool:
    """Whether the certificate is good and will be revoked unless it is confirmed."""
    planned = certificate.planned_revocation
    return certificate.status is CertificateStatus.ISSUED and planned is not None and planned.unless_confirmed


async def confirm(core: Core, certificate_id: str, principal: Principal) -> Certificate:
    """Keep a certificate (``crt-``); one that waits for no confirmation stays as it is.

    Raises NOT_FOUND for one that ``principal`` did not order, ALREADY_REVOKED when the time is over.
    """

    def act(tx: Transaction) -> Certificate:
        certificate = _own(tx, certificate_id, principal)
        if certificate.planned_revocation is None or not certificate.planned_revocation.unless_confirmed:
            return certificate
        require_issued(certificate)
        tx.audit.append([_record(core, "certificate.confirm", certificate, principal)])
        return take_back(tx, core, certificate, confirmedBy=principal.actor)

    return await core.store.write(act)


async def reject(core: Core, order_ids: tuple[str, ...], principal: Principal) -> int:
    """Revoke the certificates of these orders that wait for a confirmation; return how many; raises NOT_FOUND."""

    def act(tx: Transaction) -> int:
        rejected = 0
        for order_id in order_ids:
            order = tx.orders.get(order_id)
            if order is None or order.certificate_id is None:
                continue
            certificate = _own(tx, order.certificate_id, principal)
            if awaits_confirmation(certificate):
                tx.audit.append([_record(core, "certificate.reject", certificate, principal)])
                revoke_in(tx, core.sources, certificate, RevocationReason.UNSPECIFIED, principal)
                rejected += 1
        return rejected

    return await core.store.write(act)


def _own(tx: Transaction, certificate_id: str, principal: Principal) -> Certificate:
    certificate = tx.certificates.get(certificate_id)
    order = tx.orders.get(certificate.order_id) if certificate else None
    if certificate is None or certificate.der is None or order is None:
        raise not_found("certificate")
    own = order.placed_by == principal.actor
    if principal.kind is PrincipalKind.CMC_CLIENT:
        own = own or may_speak_for(tx, principal, certificate.client_id)
    elif principal.kind is PrincipalKind.CERTIFICATE_HOLDER:
        own = own or principal.id == certificate.id
    if not own:
        raise not_found("certificate")
    return certificate


def _record(core: Core, action: str, certificate: Certificate, principal: Principal) -> Any:
    return entry(core.sources, principal, action, certificate.id, client_id=certificate.client_id)
