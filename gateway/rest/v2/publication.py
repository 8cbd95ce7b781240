"""Publication of certificates in the directory."""

from http import HTTPStatus

from ca_core.publish import publications
from gateway.rest.authentication import Authenticated
from gateway.rest.v2.operations import OrderInPath, published, router

publication = router()


@published(publication, "/order/{orderReference}/publish", "publishCertificate", status=HTTPStatus.NO_CONTENT)
async def publish_certificate(asked: Authenticated, order_reference: OrderInPath) -> None:
    """Have an order's certificate published."""
    await publications.publish(asked.core, order_reference, asked.principal)


@published(publication, "/order/{orderReference}/unpublish", "unpublishCertificate", status=HTTPStatus.NO_CONTENT)
async def unpublish_certificate(asked: Authenticated, order_reference: OrderInPath) -> None:
    """Have an order's certificate taken out of the directory."""
    await publications.unpublish(asked.core, order_reference, asked.principal)
