"""Search of orders."""

from ca_core.model.orders import OrderState
from ca_core.model.repositories.orders import OrderSearch
from ca_core.orders.search import numbered_page
from gateway.rest.authentication import Authenticated
from gateway.rest.front_end import Asked
from gateway.rest.v2.operations import published, router
from gateway.rest.v2.order_schema import REASONS, order_schema
from gateway.rest.v2.paging import CAP, Length, Start, window
from gateway.rest.v2.revocation import serial_of
from gateway.rest.v2.schemas.orders import CertificateOrder, CertificateOrders, SearchCertificateOrder

order_search = router()


@published(order_search, "/orders", "getCertificateOrders")
async def get_certificate_orders(asked: Authenticated, body: SearchCertificateOrder) -> list[CertificateOrder]:
    """Return the orders that match, newest first; at most 300."""
    return (await _page(asked, body, 0, CAP)).data


@published(order_search, "/orders/paged", "searchPagedCertificateOrders")
async def search_paged_certificate_orders(
    asked: Authenticated, body: SearchCertificateOrder, length: Length = None, start: Start = None
) -> CertificateOrders:
    """Return a page of them, and how many there are."""
    return await _page(asked, body, *window(start, length))


async def _page(asked: Asked, body: SearchCertificateOrder, start: int, length: int) -> CertificateOrders:
    page = await numbered_page(asked.core, _query(body), asked.principal, start=start, length=length)
    chain = body.include_certificate_chain or False
    return CertificateOrders(
        draw=0,
        records_total=page.total,
        records_filtered=page.found,
        data=[order_schema(details, chain=chain) for details in page.orders],
    )


def _query(body: SearchCertificateOrder) -> OrderSearch:
    return OrderSearch(
        client_ids=frozenset(body.client_references) or None,
        order_id=body.order_reference,
        states=frozenset(OrderState(one) for one in body.order_status) or None,
        serial=serial_of(body.serial_number) if body.serial_number else None,
        reasons=frozenset(REASONS[one] for one in body.revocation_reason) or None,
        start_after=body.start_after,
        start_before=body.start_before,
        attribute=body.attribute or None,
        tags=tuple(body.tags),
    )
