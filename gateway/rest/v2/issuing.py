"""Orders for certificates: by a CSR alone, and with everything that an order can be placed with."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Body

from ca_core.model.orders import OrderRequest, OrderState
from ca_core.model.products import Road
from ca_core.orders import details
from ca_core.orders.enrol import enrol
from ca_core.orders.validate import validate
from ca_core.orders.waiting import settled
from gateway.rest.authentication import Authenticated
from gateway.rest.v2.csr import csr_der
from gateway.rest.v2.issue_request import order_request
from gateway.rest.v2.operations import ProductInPath, published, router
from gateway.rest.v2.order_schema import order_schema
from gateway.rest.v2.schemas.orders import CertificateOrder
from gateway.rest.v2.schemas.requests import IssueRequest

issuing = router()

SYNCHRONE_SECONDS: Final = 30
"""So long ``synchrone`` waits for what is still being worked on; deployed clients give up later than that."""
_WAITS_FOR_PEOPLE: Final = frozenset({OrderState.NEW, OrderState.PENDING_AUTH, OrderState.PENDING_CSR_RENEWAL})


@published(issuing, "/issue/csr/{productReference}", "issueCertificate")
async def issue_certificate(
    asked: Authenticated, product_reference: ProductInPath, csr: Annotated[str, Body(media_type="text/plain")]
) -> CertificateOrder:
    """Order what a CSR asks for."""
    request = OrderRequest(product_id=product_reference, road=Road.REST, identifiers=(), csr=csr_der(csr))
    order = await enrol(asked.core, request, asked.principal)
    return order_schema(await details.get(asked.core, order.id, asked.principal), chain=False)


@published(issuing, "/issue", "issueCertificateV22")
async def issue_certificate_v22(asked: Authenticated, body: IssueRequest) -> CertificateOrder:
    """Order a certificate; ``synchrone`` answers when nothing of the order is being worked on any more."""
    order = await enrol(asked.core, await order_request(asked, body), asked.principal)
    if body.synchrone and order.state not in _WAITS_FOR_PEOPLE:
        await settled(asked.core, order, asked.principal, SYNCHRONE_SECONDS)
    found = await details.get(asked.core, order.id, asked.principal)
    return order_schema(found, chain=body.include_certificate_chain)


@published(issuing, "/validate", "validateIssueRequest", status=HTTPStatus.NO_CONTENT)
async def validate_issue_request(asked: Authenticated, body: IssueRequest) -> None:
    """Look whether an order would be placed, and place none."""
    form = await validate(asked.core, await order_request(asked, body), asked.principal)
    form.require_valid()
