"""An order with everything that users are told of it, beyond what the order itself holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from ca_core.access.authorisation import permitted
from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient
from ca_core.model.certificates import Certificate
from ca_core.model.clients import Client
from ca_core.model.issuers import Issuer
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.orders.queries import order_for

_USER = f"{PrincipalKind.API_USER}:"


@dataclass(frozen=True, kw_only=True)
class OrderDetails:
    """An order; its certificate and issuer are None before there is one, and for whoever may not see certificates.

    ``product`` is the version that it was placed with. ``placed_by`` and ``revoked_by`` are the e-mail addresses of the
    users who did, empty where it was no user, or one without an address.
    """

    order: Order
    client: Client | None
    product: Product | None
    certificate: Certificate | None
    issuer: Issuer | None
    recipients: tuple[AdditionalRecipient, ...]
    placed_by: str
    revoked_by: str


async def get(core: Core, order_id: str, principal: Principal) -> OrderDetails:
    """Return the order's details; raises NOT_FOUND, also for somebody else's, and FORBIDDEN without ORDER_VIEW."""

    def read(tx: Transaction) -> OrderDetails:
        return details_of(tx, [order_for(tx, order_id, principal, Permission.ORDER_VIEW)], principal)[0]

    return await core.store.read(read)


def details_of(tx: Transaction, orders: Iterable[Order], principal: Principal) -> list[OrderDetails]:
    """Return the details of orders that the principal was found to see."""
    orders = list(orders)
    visible = [order for order in orders if permitted(principal, Permission.CERTIFICATE_VIEW, order.client_id)]
    found = tx.certificates.get_many([order.certificate_id for order in visible if order.certificate_id])
    certificates = {one.id: one for one in found if one.der is not None}
    issuers = {issuer_id: tx.issuers.get(issuer_id) for issuer_id in {one.issuer_id for one in certificates.values()}}
    clients = {client_id: tx.clients.get(client_id) for client_id in {order.client_id for order in orders}}
    recipients = tx.recipients.of_orders([order.id for order in orders])
    revokers = [one.revocation.revoked_by for one in certificates.values() if one.revocation]
    emails = {actor: _email(tx, actor) for actor in {*revokers, *(order.placed_by for order in orders)}}
    return [
        OrderDetails(
            order=order,
            client=clients[order.client_id],
            product=tx.products.version(order.product_id, order.product_version),
            certificate=(certificate := certificates.get(order.certificate_id or "")),
            issuer=issuers.get(certificate.issuer_id) if certificate else None,
            recipients=tuple(recipients.get(order.id, ())),
            placed_by=emails[order.placed_by],
            revoked_by=emails[certificate.revocation.revoked_by] if certificate and certificate.revocation else "",
        )
        for order in orders
    ]


def _email(tx: Transaction, actor: str) -> str:
    user = tx.users.get(actor.removeprefix(_USER)) if actor.startswith(_USER) else None
    return user.email if user else ""
