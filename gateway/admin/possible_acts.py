"""Which buttons a page has: what the visitor may do, and what can be done to the order or certificate as it is.

The commands decide; a button that would only be refused is not shown.
"""

from ca_core.access.authorisation import permitted
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.products import Product
from ca_core.orders.ending import BEFORE_SIGNATURE
from gateway.admin.visit import Visit


def may_annotate(visit: Visit, order: Order) -> bool:
    """Whether comments, tags, recipients and documents can be added to the order."""
    return permitted(visit.principal, Permission.ORDER_UPDATE, order.client_id)


def may_cancel(visit: Visit, order: Order) -> bool:
    """Whether the order can be cancelled."""
    return order.state in BEFORE_SIGNATURE and permitted(visit.principal, Permission.ORDER_DELETE, order.client_id)


def may_revoke(visit: Visit, certificate: Certificate | None) -> bool:
    """Whether the certificate can be revoked: not once it is."""
    return (
        certificate is not None
        and certificate.status is CertificateStatus.ISSUED
        and permitted(visit.principal, Permission.CERTIFICATE_DELETE, certificate.client_id)
    )


def may_publish(visit: Visit, certificate: Certificate | None, product: Product | None) -> bool:
    """Whether the certificate can be published: where its product publishes, as long as it is valid."""
    return (
        certificate is not None
        and product is not None
        and product.policy.publish_ldap
        and certificate.status is CertificateStatus.ISSUED
        and certificate.not_after > visit.core.sources.now()
        and permitted(visit.principal, Permission.PUBLICATION_CREATE, certificate.client_id)
    )


def may_unpublish(visit: Visit, certificate: Certificate) -> bool:
    """Whether the certificate can be taken out of the directory, if it was ever published."""
    return permitted(visit.principal, Permission.PUBLICATION_DELETE, certificate.client_id)
