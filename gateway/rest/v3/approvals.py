"""Approvals: what waits for users to agree, and what one decided. The decisions themselves are acts on orders."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.model import approvals
from ca_core.orders import approval_queries
from gateway.rest.v3.ids import ClientId, JobId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.orders import Order, order_of
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.reasons import Reason
from gateway.rest.v3.schema import Count, Flag, Schema, Time

router = APIRouter(prefix="/v3", tags=["Orders"], route_class=ResourceOperation)


class Approval(Schema):
    """One user's decision, about the issuance or about a revocation that was asked for."""

    subject: Annotated[
        str,
        Field(
            description="The order, or the job of a revocation.", examples=["ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"]
        ),
    ]
    approver: str
    granted: Flag
    reason: str
    decided_at: Time


class PendingApproval(Schema):
    """An issuance or a revocation that waits for users to agree."""

    job: Annotated[JobId, Field(description="The job that waits.")]
    order: Order
    revocation: Annotated[Reason | None, Field(description="Why the certificate is to be revoked; null: issuance.")]
    requested_by: Annotated[str, Field(examples=["api-user:usr-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    requester: Annotated[str, Field(description="The user's name; empty where it is no user.")]
    since: Time
    needed: Annotated[Count, Field(description="How many must approve.")]
    approvals: Annotated[list[Approval], Field(description="What was decided about it so far.")]
    hindrance: Annotated[str | None, Field(description="Why you cannot decide about it; null: you can.")] = None


class PendingQuery(PageQuery):
    """Whose orders are asked for."""

    client: ClientId | None = None


def approval_of(approval: approvals.Approval) -> Approval:
    """Return a decision as it is shown."""
    return Approval.model_construct(
        subject=approval.subject_id,
        approver=approval.approver,
        granted=approval.granted,
        reason=approval.reason,
        decided_at=approval.decided_at,
    )


def _pending_of(pending: approval_queries.PendingApproval) -> PendingApproval:
    return PendingApproval.model_construct(
        job=pending.id,
        order=order_of(pending.order),
        revocation=None if pending.reason is None else Reason.of(pending.reason),
        requested_by=pending.requested_by,
        requester=pending.requester,
        since=pending.since,
        needed=pending.needed,
        approvals=[approval_of(one) for one in pending.decisions],
        hindrance=pending.hindrance,
    )


@router.get("/pending-approvals", response_model=Page[PendingApproval])
async def list_pending_approvals(caller: Called, query: Annotated[PendingQuery, Query()]) -> Response:
    """List the issuances and revocations that wait for users to agree, oldest first."""
    found = await approval_queries.waiting(
        caller.core, caller.principal, client_id=query.client, after=query.place or "", limit=query.limit
    )
    return page_answer(caller.request, query, [_pending_of(one) for one in found], [one.id for one in found])


@router.get("/approvals", response_model=Page[Approval])
async def list_own_approvals(caller: Called, query: Annotated[PageQuery, Query()]) -> Response:
    """List what you decided, newest first."""
    found = await approval_queries.decided(caller.core, caller.principal, after=query.place or "", limit=query.limit)
    return page_answer(caller.request, query, [approval_of(one) for one in found], [one.subject_id for one in found])
