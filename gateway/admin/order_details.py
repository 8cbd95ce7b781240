"""One order: what it is, what was done for it, what it waits for, and what can be done about it."""

from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.actors import actor_names
from ca_core.access.authorisation import permitted
from ca_core.model.annotations import RecipientLanguage, RecipientType
from ca_core.model.errors import Problem
from ca_core.model.permissions import Permission
from ca_core.orders import approvals, details, pending_names, queries
from ca_core.orders.cancel import cancel
from ca_core.orders.retry import retry
from gateway.admin.attachments import attachments_of
from gateway.admin.order_jobs import mark_of, shown_jobs, waiting_for
from gateway.admin.orders import shown_name
from gateway.admin.page import act, show
from gateway.admin.possible_acts import may_cancel, may_publish, may_revoke
from gateway.admin.sections import ORDERS
from gateway.admin.visit import Visit


async def order_page(visit: Visit, problem: Problem | None = None) -> Response:
    """Show an order."""
    progress = await _progress(visit)
    order = progress["details"].order
    sees_decisions = permitted(visit.principal, Permission.APPROVAL_VIEW, order.client_id)
    decisions = await approvals.listing(visit.core, order.id, visit.principal) if sees_decisions else []
    attachments = await attachments_of(visit, order)
    people = [order.placed_by, *attachments.people, *(one.approver for one in decisions)]
    return await visit.page(
        "order.html",
        problem=problem,
        **{**progress, "names_of": await actor_names(visit.core, people)},
        replaced=(await queries.get(visit.core, order.id, visit.principal)).replaced,
        decisions=decisions,
        attachments=attachments,
        recipient_types=[*RecipientType],
        recipient_languages=[*RecipientLanguage],
    )


async def order_progress(visit: Visit) -> Response:
    """Answer a page that looks after an order by itself: with nothing, unless something has happened (``seen``)."""
    progress = await _progress(visit)
    if progress["mark"] == visit.query("seen"):
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return visit.part("order_progress.html", **progress)


async def cancel_order(visit: Visit) -> Response:
    """End an order that waits."""
    order = await cancel(visit.core, visit.path("order_id"), visit.principal, visit.form.text("reason"))
    return visit.to(f"/admin/orders/{order.id}", "cancelled")


async def retry_order(visit: Visit) -> Response:
    """Try again what failed or waits for its next try: one job, or all of the order's."""
    order_id = visit.path("order_id")
    await retry(visit.core, order_id, visit.principal, visit.form.text("job") or None)
    return visit.to(f"/admin/orders/{order_id}", "retried")


async def _progress(visit: Visit) -> dict[str, Any]:
    """Return what the part of the page shows that changes while an order is processed."""
    found = await details.get(visit.core, visit.path("order_id"), visit.principal)
    order = found.order
    jobs = await queries.jobs(visit.core, order.id, visit.principal)
    name, others = shown_name(order)
    return {
        "details": found,
        "name": name,
        "others": others,
        "names_of": await actor_names(visit.core, [order.placed_by]),
        "jobs": shown_jobs(visit, order, jobs),
        "mark": mark_of(order, jobs),
        "waiting_for": waiting_for(order, jobs),
        "pending_names": await pending_names.pending(visit.core, visit.principal, order_id=order.id),
        "may_cancel": may_cancel(visit, order),
        "may_revoke": may_revoke(visit, found.certificate),
        "may_publish": may_publish(visit, found.certificate, found.product),
    }


routes: Final[list[Route]] = [
    show("/{order_id}", order_page, ORDERS),
    show("/{order_id}/progress", order_progress, ORDERS, used=False),
    act("/{order_id}/cancel", cancel_order, ORDERS),
    act("/{order_id}/retry", retry_order, ORDERS),
]
