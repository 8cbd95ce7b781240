"""Orders: one of them, its state, chain and tasks, its tags."""

from typing import Annotated

from fastapi import Body

from ca_core.access.visibility import not_found
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.orders import details
from ca_core.orders.queries import jobs
from ca_core.orders.tags import replace_tags
from gateway.rest.authentication import Authenticated
from gateway.rest.v2.operations import OrderInPath, published, router
from gateway.rest.v2.order_schema import chain_of, order_schema, task_schema
from gateway.rest.v2.schemas.enumerations import CertificateOrderStatus
from gateway.rest.v2.schemas.orders import CertificateOrder, CertificateOrderTask

orders = router()


@published(orders, "/order/{orderReference}/status", "getCertificateOrderStatus")
async def get_certificate_order_status(asked: Authenticated, order_reference: OrderInPath) -> CertificateOrderStatus:
    """Return the state of an order."""
    found = await details.get(asked.core, order_reference, asked.principal)
    return CertificateOrderStatus(found.order.state)


@published(orders, "/order/{orderReference}", "getCertificateOrder")
async def get_certificate_order(asked: Authenticated, order_reference: OrderInPath) -> CertificateOrder:
    """Return an order with its certificate and the chain."""
    return order_schema(await details.get(asked.core, order_reference, asked.principal), chain=True)


@published(orders, "/order/{orderReference}/certificate/chain", "getCertificateChain")
async def get_certificate_chain(asked: Authenticated, order_reference: OrderInPath) -> list[str]:
    """Return the chain of an order's certificate, leaf first."""
    found = await details.get(asked.core, order_reference, asked.principal)
    if found.certificate is None or found.issuer is None:
        if found.order.certificate_id is not None:
            raise not_found("certificate")
        raise TriviumError(ErrorKind.NOT_READY, "The order has no certificate yet; ask for its status first.")
    return chain_of(found.certificate, found.issuer)


@published(orders, "/order/{orderReference}/tasks", "getCertificateOrderTasks")
async def get_certificate_order_tasks(asked: Authenticated, order_reference: OrderInPath) -> list[CertificateOrderTask]:
    """Return the jobs of an order, oldest first."""
    tasks = (task_schema(job) for job in await jobs(asked.core, order_reference, asked.principal))
    return [task for task in tasks if task is not None]


@published(orders, "/order/{orderReference}/tags", "replaceCertificateOrderTags")
async def replace_certificate_order_tags(
    asked: Authenticated, order_reference: OrderInPath, tags: Annotated[list[str], Body()]
) -> CertificateOrder:
    """Replace the tags of an order."""
    await replace_tags(asked.core, order_reference, tags, asked.principal)
    return order_schema(await details.get(asked.core, order_reference, asked.principal), chain=False)
