"""Approvals: the issuances and revocations that wait for users to agree, and what the visitor has decided."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.orders import OrderState
from ca_core.orders import approval_queries
from ca_core.orders.approvals import MAX_REASON, approve, reject
from ca_core.revocation.reasons import reason_name
from gateway.admin.choices import client_names
from gateway.admin.page import act, show
from gateway.admin.refusals import recorded
from gateway.admin.sections import APPROVALS
from gateway.admin.visit import Visit

PAGE: Final = 50
"""How many rows a list has."""
_SHOWN_ON_THE_LIST: Final = frozenset({ErrorKind.MALFORMED, ErrorKind.NOT_READY})


async def pending_approvals(visit: Visit) -> Response:
    """Show what waits, oldest first."""
    return await _page(visit)


async def approve_order(visit: Visit) -> Response:
    """Approve an issuance or a revocation."""
    try:
        await approve(
            visit.core,
            visit.path("order_id"),
            visit.principal,
            visit.form.text("reason"),
            job_id=visit.form.text("job"),
        )
    except TriviumError as error:
        return await _refused(visit, error)
    return visit.to("/admin/approvals", "approved")


async def reject_order(visit: Visit) -> Response:
    """Reject an issuance or a revocation, with a reason."""
    try:
        order = await reject(
            visit.core,
            visit.path("order_id"),
            visit.principal,
            visit.form.text("reason"),
            job_id=visit.form.text("job"),
        )
    except TriviumError as error:
        return await _refused(visit, error)
    ended = order.state is OrderState.REJECTED
    return visit.to("/admin/approvals", "rejected" if ended else "revocation-rejected")


async def own_decisions(visit: Visit) -> Response:
    """Show what the visitor has decided, newest first."""
    found = await approval_queries.decided(visit.core, visit.principal, after=visit.query("after"), limit=PAGE)
    return await visit.page(
        "approvals_decided.html",
        decisions=found,
        clients=await client_names(visit),
        following=visit.url(after=found[-1].subject_id, notice=None) if len(found) == PAGE else None,
    )


async def _refused(visit: Visit, error: TriviumError) -> Response:
    if error.kind not in _SHOWN_ON_THE_LIST:
        raise error
    return await _page(visit, await recorded(visit.request, error.problem))


async def _page(visit: Visit, problem: Problem | None = None) -> Response:
    found = await approval_queries.waiting(
        visit.core,
        visit.principal,
        client_id=visit.query("client") or None,
        after=visit.query("after"),
        limit=PAGE,
    )
    return await visit.page(
        "approvals.html",
        problem=problem,
        waiting=found,
        clients=await client_names(visit),
        reason_name=reason_name,
        max_reason=MAX_REASON,
        following=visit.url(after=found[-1].id, notice=None) if len(found) == PAGE else None,
    )


routes: Final[list[Route]] = [
    show("", pending_approvals, APPROVALS),
    show("/decided", own_decisions, APPROVALS),
    act("/{order_id}/approve", approve_order, APPROVALS),
    act("/{order_id}/reject", reject_order, APPROVALS),
]
