"""Products: what can be ordered, of which Client, from which CA, and how each is defined."""

from dataclasses import fields, is_dataclass
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.authorisation import permitted
from ca_core.model.permissions import Permission
from ca_core.model.products import Policy, Road
from ca_core.orders import product_queries
from gateway.admin.choices import asked_clients, client_names, issuer_names
from gateway.admin.page import show
from gateway.admin.paging import PAGE, following
from gateway.admin.sections import PRODUCTS
from gateway.admin.visit import Visit


async def product_list(visit: Visit) -> Response:
    """Show the products of the visitor's Clients."""
    found = await product_queries.search(
        visit.core,
        visit.principal,
        client_ids=asked_clients(visit),
        road=visit.choice("road", Road),
        text=visit.query("text"),
        after=visit.query("after") or None,
        limit=PAGE,
    )
    return await visit.page(
        "products.html",
        found=found,
        following=following(visit, [one.id for one in found], place="after"),
        clients=await client_names(visit),
        issuers=await issuer_names(visit),
        roads=[(one, one) for one in Road],
        may_apply=permitted(visit.principal, Permission.PRODUCT_UPDATE, None),
        filtered=any(visit.query(one) for one in visit.request.query_params if one != "notice"),
    )


async def product(visit: Visit) -> Response:
    """Show how a product is defined."""
    found = await product_queries.get(visit.core, visit.path("product_id"), visit.principal)
    return await visit.page(
        "product.html",
        found=found,
        clients=await client_names(visit),
        issuers=await issuer_names(visit),
        settings=_settings(found.policy),
        may_order=permitted(visit.principal, Permission.ORDER_CREATE, found.client_id) and Road.PAGE in found.roads,
    )


def _settings(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Return what a policy says, as pairs of a member's path in the catalogue and its value; fields stand apart."""
    found: list[tuple[str, str]] = []
    for one in fields(value):
        content = getattr(value, one.name)
        if is_dataclass(content):
            found += _settings(content, f"{path}{one.name}.")
        elif not (isinstance(value, Policy) and one.name == "fields"):
            found.append((f"{path}{one.name}", _written(content)))
    return found


def _written(content: Any) -> str:
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, tuple):
        return ", ".join(one.code if hasattr(one, "code") else str(one) for one in content)
    return "" if content is None else str(content)


routes: Final[list[Route]] = [
    show("", product_list, PRODUCTS),
    show("/{product_id}", product, PRODUCTS),
]
