"""The audit log: who did what, for whom, and how it ended."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from ca_core.audit import queries
from ca_core.model import audit
from ca_core.model.audit import Outcome
from ca_core.model.repositories.audit import AuditSearch
from gateway.audit_export import AUDIT_FILES, AuditFormat
from gateway.rest.v3.ids import AuditRecordId, ClientId
from gateway.rest.v3.operation import Called, ResourceOperation
from gateway.rest.v3.paging import MAX_LIMIT, Page, PageQuery, page_answer
from gateway.rest.v3.schema import Line, Schema, Time, json_answer

router = APIRouter(prefix="/v3/audit", tags=["Audit"], route_class=ResourceOperation)

_FILES: Final[dict[str, Any]] = {
    AUDIT_FILES[AuditFormat.JSONL].media_type: {
        "example": '{"id": "aud-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12", "at": "2030-01-31T12:00:00.000000Z", "actor": '
        '"operator:me", "client": null, "action": "role.add", "object": "hr", "outcome": "success", "details": {}}\n'
    },
    AUDIT_FILES[AuditFormat.CSV].media_type: {"example": AUDIT_FILES[AuditFormat.CSV].head.decode()},
}


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


class AuditFilter(Schema):
    """Which records are asked for."""

    client: ClientId | None = None
    actor: Line | None = None
    action: Line | None = None
    object: Line | None = None
    outcome: Outcome | None = None
    since: Annotated[Time | None, Field(description="From this time on.")] = None
    until: Annotated[Time | None, Field(description="Before this time.")] = None

    def search(self, *, before: str | None, limit: int = MAX_LIMIT) -> AuditSearch:
        """Return what the core calls it, behind the record ``before``."""
        return AuditSearch(
            client_ids=None if self.client is None else frozenset({self.client}),
            actor=self.actor,
            action=self.action,
            object_id=self.object,
            outcome=self.outcome,
            since=self.since,
            until=self.until,
            before=before,
            limit=limit,
        )


class AuditQuery(AuditFilter, PageQuery):
    """Which records are asked for, and which page of them."""


class AuditExport(AuditFilter):
    """Which records are exported, and how."""

    format: AuditFormat = AuditFormat.JSONL
    before: Annotated[
        AuditRecordId | None, Field(description="Behind this record: the last one of the export before.")
    ] = None


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
    found = await queries.search(caller.core, query.search(before=query.place, limit=query.limit), caller.principal)
    return page_answer(caller.request, query, [record_of(one) for one in found], [one.id for one in found])


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The records.", "content": _FILES}},
)
async def export_audit(caller: Called, query: Annotated[AuditExport, Query()]) -> Response:
    """Download the records of your Clients that match, newest first, 100,000 at most, as JSON Lines or CSV.

    In CSV an apostrophe stands before what a spreadsheet would take for a formula.
    """
    file = AUDIT_FILES[query.format]
    pages = await queries.export(caller.core, query.search(before=query.before), caller.principal)
    headers = {"Content-Disposition": f'attachment; filename="audit.{query.format}"'}
    return StreamingResponse(file.content(pages), headers=headers, media_type=file.media_type)


@router.get("/{record_id}", response_model=AuditRecord)
async def get_audit_record(caller: Called, record_id: AuditRecordId) -> Response:
    """Read a record; that of a failure has the id that whoever was refused was told."""
    return json_answer(record_of(await queries.get(caller.core, record_id, caller.principal)))
