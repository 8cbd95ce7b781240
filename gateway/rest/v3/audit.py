"""The audit log: who did what, for whom, and how it ended."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from ca_core.audit import queries
from ca_core.model import audit
from ca_core.model.audit import Outcome
from ca_core.model.repositories.audit import AuditSearch
from gateway.rest.v3.ids import AuditRecordId, ClientId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import Page, PageQuery, page_answer
from gateway.rest.v3.schema import Line, Schema, Time, json_answer

router = APIRouter(prefix="/v3/audit", tags=["Audit"], route_class=ResourceOperation)


class AuditRecord(Schema):
    """One act."""

    id: Annotated[str, Field(examples=["aud-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    at: Time
    actor: Annotated[str, Field(examples=["api-user:usr-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])]
    client: str | None
    action: Annotated[str, Field(examples=["order.place"])]
    object: Annotated[
        str, Field(description="The id of what it was done to.", examples=["ord-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"])
    ]
    outcome: Outcome
    details: dict[str, Any]


class AuditQuery(PageQuery):
    """Which records are asked for."""

    client: ClientId | None = None
    actor: Line | None = None
    action: Line | None = None
    object: Line | None = None
    outcome: Outcome | None = None
    since: Annotated[Time | None, Field(description="From this time on.")] = None
    until: Annotated[Time | None, Field(description="Before this time.")] = None


def record_of(record: audit.AuditRecord) -> AuditRecord:
    """Return a record as it is shown."""
    return AuditRecord.model_construct(
        id=record.id,
        at=record.at,
        actor=record.actor,
        client=record.client_id,
        action=record.action,
        object=record.object_id,
        outcome=record.outcome,
        details=record.details,
    )


@router.get("", response_model=Page[AuditRecord])
async def search_audit(caller: Called, query: Annotated[AuditQuery, Query()]) -> Response:
    """Search the audit log of your Clients, newest first."""
    wanted = AuditSearch(
        client_ids=None if query.client is None else frozenset({query.client}),
        actor=query.actor,
        action=query.action,
        object_id=query.object,
        outcome=query.outcome,
        since=query.since,
        until=query.until,
        before=query.place,
        limit=query.limit,
    )
    found = await queries.search(caller.core, wanted, caller.principal)
    return page_answer(caller.request, query, [record_of(one) for one in found], [one.id for one in found])


@router.get("/{record_id}", response_model=AuditRecord)
async def get_audit_record(caller: Called, record_id: AuditRecordId) -> Response:
    """Read a record; that of a failure has the id that whoever was refused was told."""
    return json_answer(record_of(await queries.get(caller.core, record_id, caller.principal)))
