"""Certificates to publish: orders of a product that publishes, and the worker that does it."""

from dataclasses import replace
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal, PrincipalKind
from ca_core.orders import worker
from ca_core.orders.submit import submit_csr
from tests.orders.test_fields import issue, new_csr, product_with
from tests.orders.workshop import Workshop, csr

_numbers = count(1)


async def issued(workshop: Workshop, *mails: str, publish: bool | None = None, publish_ldap: bool = True) -> Order:
    """Issue a certificate for these addresses, of a product that publishes; what is published is not yet."""
    product = await product_with(workshop, "smime", publish_ldap=publish_ldap)
    key = ec.generate_private_key(ec.SECP256R1())
    request = new_csr(*(x509.RFC822Name(mail) for mail in mails), key=key)
    order, _ = await issue(workshop, product, request, publish=publish)
    return order


async def issued_for_a_host(workshop: Workshop) -> Order:
    """Issue a certificate without an e-mail address, of a product that publishes against all reason."""
    publishing = replace(workshop.product.policy, publish_ldap=True)
    product = replace(workshop.product, version=f"publishing-{next(_numbers)}", policy=publishing)
    await workshop.core.store.write(lambda tx: tx.products.put(product))
    placed = await workshop.place("a.test")
    return await submit_csr(workshop.core, placed.id, csr("a.test"), SYSTEM)


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
