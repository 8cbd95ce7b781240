"""What is decided about an order: approved or rejected by others, cancelled, tried again."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from ca_core.orders import approvals as commands
from ca_core.orders.cancel import cancel
from ca_core.orders.retry import retry
from gateway.rest.v3.approvals import Approval, approval_of
from gateway.rest.v3.ids import JobId, OrderId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.orders import Job, Order, job_of, order_of
from gateway.rest.v3.revisions import tag_of
from gateway.rest.v3.schema import Schema, json_answer, list_answer

router = APIRouter(prefix="/v3/orders/{order_id}", tags=["Orders"], route_class=ResourceOperation)

_Reason = Annotated[str, Field(max_length=commands.MAX_REASON, examples=["Checked with the owner of the domain"])]


_Job = Annotated[
    JobId | None,
    Field(description="The job that you have seen wait: if something else waits by now, it is not decided about."),
]


class Cancellation(Schema):
    """Why it is ended."""

    reason: _Reason = ""


class Decision(Cancellation):
    """What is decided, and why."""

    job: _Job = None


class Rejection(Schema):
    """Why it is rejected; the requester reads it."""

    reason: Annotated[_Reason, Field(min_length=1)]
    job: _Job = None


@router.get("/approvals", response_model=list[Approval])
async def list_order_approvals(caller: Called, order_id: OrderId) -> Response:
    """List what was decided about an order, oldest first."""
    found = await commands.listing(caller.core, order_id, caller.principal)
    return list_answer([approval_of(one) for one in found])


@router.post("/approve", response_model=Order)
async def approve_order(caller: Called, order_id: OrderId, wanted: Decision) -> Response:
    """Approve what an order waits for: its issuance, or the revocation of its certificate.

    Nobody approves what he asked for himself, and nobody decides twice.
    """
    shown = order_of(await commands.approve(caller.core, order_id, caller.principal, wanted.reason, job_id=wanted.job))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/reject", response_model=Order)
async def reject_order(caller: Called, order_id: OrderId, wanted: Rejection) -> Response:
    """Reject what an order waits for: it ends, or its certificate stays."""
    shown = order_of(await commands.reject(caller.core, order_id, caller.principal, wanted.reason, job_id=wanted.job))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/cancel", response_model=Order)
async def cancel_order(caller: Called, order_id: OrderId, wanted: Cancellation) -> Response:
    """End an order that waits."""
    shown = order_of(await cancel(caller.core, order_id, caller.principal, wanted.reason))
    return json_answer(shown, etag=tag_of(shown))


@router.post("/jobs/{job_id}/retry", response_model=Job)
async def retry_order_job(caller: Called, order_id: OrderId, job_id: JobId) -> Response:
    """Try a job now that waits for its next try, or that failed beside the order, such as a mail or a publication."""
    [job] = await retry(caller.core, order_id, caller.principal, job_id)
    return json_answer(job_of(job))


@router.post("/retry", response_model=list[Job])
async def retry_order(caller: Called, order_id: OrderId) -> Response:
    """Try now what an order would try later; answers with the jobs that are due."""
    return list_answer([job_of(one) for one in await retry(caller.core, order_id, caller.principal)])
