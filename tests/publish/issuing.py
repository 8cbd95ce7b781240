"""Certificates to publish: orders of a product that publishes, and the worker that does it."""

import hashlib
from dataclasses import replace
from itertools import count

from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderRequest
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.model.store import Transaction
from ca_core.orders import worker
from ca_core.orders.place import place
from ca_core.orders.submit import submit_csr
from tests.orders.workshop import Workshop, csr
from tests.publish.slapd import certificate_for

_numbers = count(1)


async def issued(workshop: Workshop, *mails: str, publish: bool | None = None, publish_ldap: bool = True) -> Order:
    """Issue a certificate for these addresses, of a product that publishes; what is published is not yet."""
    core = workshop.core
    product = replace(
        workshop.product,
        version=f"publishing-{next(_numbers)}",
        policy=replace(workshop.product.policy, publish_ldap=publish_ldap),
    )
    await core.store.write(lambda tx: tx.products.put(product))
    name = Identifier(type=IdentifierType.DNS, value="a.test")
    request = OrderRequest(product_id=product.id, road=Road.SYSTEM, identifiers=(name,), publish=publish)
    placed = (await place(core, request, SYSTEM)).order
    order = await submit_csr(core, placed.id, csr("a.test"), SYSTEM)
    der = certificate_for(*mails)

    def name_mails(tx: Transaction) -> None:
        certificate = tx.certificates.get(order.certificate_id or "")
        assert certificate is not None
        tx.certificates.save(replace(certificate, der=der, fingerprint=hashlib.sha256(der).hexdigest()))

    await core.store.write(name_mails)
    return order


async def certificate_of(core: Core, order: Order) -> Certificate:
    """Return the order's certificate."""
    found = await core.store.read(lambda tx: tx.certificates.get(order.certificate_id or ""))
    assert found is not None
    return found


async def work(core: Core) -> None:
    """Run what is due, and what becomes due by that."""
    while await worker.run_due(core):
        pass


def user(client_id: str, *permissions: Permission) -> Principal:
    """Return a user with these permissions for the Client."""
    return Principal(kind=PrincipalKind.API_USER, id="usr-1", permissions={client_id: frozenset(permissions)})
