"""Orders and certificates: the list, with the search by everything that is known of them."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.model.fields import FieldName
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import Road
from ca_core.orders import search
from ca_core.orders.details import OrderDetails
from gateway.admin.choices import client_names, products
from gateway.admin.order_filters import asked_orders, is_filtered
from gateway.admin.page import show
from gateway.admin.possible_acts import may_publish, may_revoke
from gateway.admin.sections import ORDERS
from gateway.admin.visit import Visit


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """A row of the list, and which of its buttons it has."""

    details: OrderDetails
    name: str
    others: int
    may_revoke: bool
    may_publish: bool


async def order_list(visit: Visit) -> Response:
    """Show the orders, newest first; htmx asks for what was found alone, while somebody types."""
    asked = asked_orders(visit)
    found = await search.page(visit.core, asked.search, visit.principal, backwards=asked.backwards)
    content: dict[str, Any] = {
        "rows": [_row(visit, details) for details in found.orders],
        "filtered": is_filtered(visit),
        "following": visit.url(after=found.next, before=None, notice=None) if found.next else None,
        "previous": visit.url(before=found.previous, after=None, notice=None) if found.previous else None,
    }
    if visit.is_part:
        part = visit.part("orders_found.html", **content)
        part.headers["HX-Replace-Url"] = visit.url()
        return part
    return await visit.page(
        "orders.html",
        **content,
        states=[*OrderState],
        roads=[*Road],
        clients=[*(await client_names(visit)).items()],
        products=[(product.id, product.name) for product in await products(visit)],
    )


def shown_name(order: Order) -> tuple[str, int]:
    """Return what an order is known by, and how many other names it is for: its common name, or else its first name."""
    names = [one.value for one in order.identifiers]
    common = [one.value for one in order.fields if one.name is FieldName.COMMON_NAME]
    name = next(iter([*common, *names]), "")
    return name, len({*names} - {name})


def _row(visit: Visit, details: OrderDetails) -> OrderRow:
    name, others = shown_name(details.order)
    return OrderRow(
        details=details,
        name=name,
        others=others,
        may_revoke=may_revoke(visit, details.certificate),
        may_publish=may_publish(visit, details.certificate, details.product),
    )


routes: Final[list[Route]] = [show("", order_list, ORDERS)]
