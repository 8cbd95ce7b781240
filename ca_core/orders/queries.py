"""Read orders, their jobs and certificates, as far as the principal may see them."""

from dataclasses import dataclass

from ca_core.access.authorisation import require_on
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.certificates.chain import pem_chains
from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.authorizations import Authorization
from ca_core.model.certificates import Certificate
from ca_core.model.issuers import Issuer
from ca_core.model.jobs import Job
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """An order with what it refers to, read in one transaction."""

    order: Order
    authorizations: tuple[Authorization, ...]
    certificate: Certificate | None
    replaced: Certificate | None


async def get(core: Core, order_id: str, principal: Principal) -> OrderView:
    """Return the order with its authorizations and certificates; raises NOT_FOUND, also for somebody else's."""

    def read(tx: Transaction) -> OrderView:
        order = order_for(tx, order_id, principal, Permission.ORDER_VIEW)
        return OrderView(
            order=order,
            authorizations=tuple(tx.authorizations.get_many(order.authorization_ids)),
            certificate=tx.certificates.get(order.certificate_id) if order.certificate_id else None,
            replaced=tx.certificates.get(order.replaces) if order.replaces else None,
        )

    return await core.store.read(read)


async def jobs(core: Core, order_id: str, principal: Principal) -> list[Job]:
    """Return the order's jobs, oldest first; raises NOT_FOUND."""

    def read(tx: Transaction) -> list[Job]:
        return tx.jobs.of_order(order_for(tx, order_id, principal, Permission.ORDER_VIEW).id)

    return await core.store.read(read)


async def events(core: Core, order_id: str, principal: Principal) -> list[AuditRecord]:
    """Return the audit records of the order, the newest MAX_PAGE, newest first; raises NOT_FOUND, FORBIDDEN."""

    def read(tx: Transaction) -> list[AuditRecord]:
        return tx.audit.of_object(order_for(tx, order_id, principal, Permission.ORDER_VIEW).id, MAX_PAGE)

    return await core.store.read(read)


async def of_account(core: Core, principal: Principal, *, after: str | None, limit: int) -> list[Order]:
    """Return a page of the ACME account's orders, oldest first, behind the order id ``after``."""
    return await core.store.read(lambda tx: tx.orders.of_account(principal.id, after=after, limit=limit))


async def chains(core: Core, certificate_id: str, principal: Principal) -> tuple[str, ...]:
    """Return every chain (PEM) an issued, or since revoked, certificate can be delivered with, the default first.

    Raises NOT_FOUND, also for somebody else's.
    """

    def read(tx: Transaction) -> tuple[bytes, Issuer]:
        found = tx.certificates.get(certificate_id)
        issuer = tx.issuers.get(found.issuer_id) if found else None
        if found is None or found.der is None or issuer is None:
            raise not_found("certificate")
        order = tx.orders.get(found.order_id)
        account_id = order.account_id if order else None
        require_on(
            principal,
            Permission.CERTIFICATE_VIEW,
            "certificate",
            client_id=found.client_id,
            account_id=account_id,
            placed_by=order.placed_by if order else None,
        )
        return found.der, issuer

    return pem_chains(*await core.store.read(read))


def order_for(
    tx: Transaction, order_id: str, principal: Principal, permission: Permission, *, what: str = "order"
) -> Order:
    """Return the order of this id for whoever holds ``permission`` for its Client.

    Raises NOT_FOUND of ``what``, also for somebody else's, and FORBIDDEN.
    """
    order = tx.orders.get(order_id)
    if order is None:
        raise not_found(what)
    require_on(
        principal,
        permission,
        what,
        client_id=order.client_id,
        account_id=order.account_id,
        placed_by=order.placed_by,
    )
    return order
