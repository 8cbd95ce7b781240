"""Issuance: the products that the visitor can order here, and the form that orders one."""

from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.authorisation import clients_with
from ca_core.keys.policy import key_name
from ca_core.model.annotations import RecipientLanguage
from ca_core.model.errors import Problem, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.products import Road
from ca_core.orders import product_queries
from ca_core.orders.documents import MAX_DOCUMENTS
from ca_core.orders.enrol import enrol
from gateway.admin import order_form
from gateway.admin.choices import asked_clients, client_names, issuer_names
from gateway.admin.order_form import OrderForm
from gateway.admin.page import act, show
from gateway.admin.refusals import recorded
from gateway.admin.sections import ISSUANCE
from gateway.admin.visit import Visit

PAGE: Final = 50
"""How many rows a list has."""


async def products_to_order(visit: Visit) -> Response:
    """Show the products that are ordered here, of the Clients that the visitor orders for."""
    asked, allowed = asked_clients(visit), clients_with(visit.principal, Permission.ORDER_CREATE)
    found = await product_queries.search(
        visit.core,
        visit.principal,
        client_ids=allowed if asked is None else asked if allowed is None else asked & allowed,
        road=Road.PAGE,
        text=visit.query("text"),
        after=visit.query("after") or None,
        limit=PAGE,
    )
    content: dict[str, Any] = {
        "products": found,
        "clients": await client_names(visit),
        "issuers": await issuer_names(visit),
        "following": visit.url(after=found[-1].id, notice=None) if len(found) == PAGE else None,
    }
    if visit.is_part:
        return visit.part("issuance_products.html", **content)
    return await visit.page("issuance.html", **content)


async def new_order(visit: Visit) -> Response:
    """Show the form of a product."""
    return await _page(visit, await _blank(visit))


async def check_order(visit: Visit) -> Response:
    """Fill the form in from its CSR, and say what is wrong with it, without ordering."""
    blank = await _blank(visit)
    form = await order_form.checked(visit.core, blank, visit.form, visit.principal)
    if visit.is_part:
        return visit.part("order_check.html", form=form, key_name=key_name, problem=None)
    return await _page(visit, form)


async def place_order(visit: Visit) -> Response:
    """Order, and go to the order; a refusal shows the form again with all that was typed."""
    blank = await _blank(visit)
    try:
        order = await enrol(visit.core, await order_form.ordered(blank, visit.form), visit.principal)
    except TriviumError as error:
        problem = await recorded(visit.request, error.problem)
        form = await order_form.checked(visit.core, blank, visit.form, visit.principal)
        return await _page(visit, form, problem)
    return visit.to(f"/admin/orders/{order.id}", "ordered")


async def _blank(visit: Visit) -> OrderForm:
    return await order_form.empty(visit.core, visit.path("product_id"), visit.principal)


async def _page(visit: Visit, form: OrderForm, problem: Problem | None = None) -> Response:
    seconds, unit = order_form.unit_of(form.product)
    return await visit.page(
        "order_form.html",
        problem=problem,
        form=form,
        key_name=key_name,
        sent=visit.request.method == "POST",
        unit=unit,
        longest=form.product.policy.profile.validity // seconds,
        mails=order_form.mails_of(form.product),
        mail_languages=[*RecipientLanguage],
        max_documents=MAX_DOCUMENTS,
        clients=await client_names(visit),
        issuers=await issuer_names(visit),
    )


routes: Final[list[Route]] = [
    show("", products_to_order, ISSUANCE),
    show("/{product_id}", new_order, ISSUANCE),
    act("/{product_id}", place_order, ISSUANCE),
    act("/{product_id}/check", check_order, ISSUANCE),
]
