"""The audit log: who did what, for whom, and how it ended; searched, exported, and read record by record."""

import json
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access import users
from ca_core.audit import queries
from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import PrincipalKind
from ca_core.model.repositories.audit import AuditSearch
from gateway.admin.choices import asked_clients, client_names
from gateway.admin.downloads import streamed
from gateway.admin.page import show
from gateway.admin.paging import PAGE, following
from gateway.admin.sections import AUDIT
from gateway.admin.visit import Visit
from gateway.audit_export import AUDIT_FILES, AuditFormat

_USER: Final = f"{PrincipalKind.API_USER}:"
"""What the actor begins with who is a user."""
_PAGES: Final = {
    "ord": "/admin/orders",
    "crt": "/admin/certificates",
    "cli": "/admin/clients",
    "pma": "/admin/products",
    "aud": "/admin/audit",
    "err": "/admin/audit",
}
"""Where what is acted on has a page, by the prefix of its id."""


async def audit_log(visit: Visit) -> Response:
    """Show the records that are searched for, newest first."""
    found = await queries.search(visit.core, await asked_records(visit), visit.principal)
    return await visit.page(
        "audit.html",
        found=found,
        following=following(visit, [one.id for one in found]),
        names=await _names(visit, found),
        clients=await client_names(visit),
        outcomes=[(one, one) for one in Outcome],
        filtered=any(visit.query(one) for one in visit.request.query_params if one != "notice"),
    )


async def export_audit(visit: Visit) -> Response:
    """Send the records that are searched for, newest first, as JSON Lines or CSV."""
    chosen = visit.choice("format", AuditFormat) or AuditFormat.JSONL
    pages = await queries.export(visit.core, await asked_records(visit), visit.principal)
    file = AUDIT_FILES[chosen]
    return streamed(file.content(pages), f"audit.{chosen}", file.media_type)


async def audit_record(visit: Visit) -> Response:
    """Show one record with its details."""
    found = await queries.get(visit.core, visit.path("record_id"), visit.principal)
    page = _PAGES.get(found.object_id[:3])
    return await visit.page(
        "audit_record.html",
        found=found,
        names=await _names(visit, [found]),
        clients=await client_names(visit),
        details=json.dumps(found.details, indent=2, sort_keys=True, ensure_ascii=False),
        object_page=f"{page}/{found.object_id}" if page and found.object_id[3:4] == "-" else None,
    )


async def asked_records(visit: Visit) -> AuditSearch:
    """Return what the URL searches for, a page of it; raises MALFORMED."""
    return AuditSearch(
        client_ids=asked_clients(visit),
        actor=await _actor(visit),
        action=visit.query("action") or None,
        object_id=visit.query("object") or None,
        outcome=visit.choice("outcome", Outcome),
        since=_time(visit, "since"),
        until=_time(visit, "until"),
        before=visit.query("before") or None,
        limit=PAGE,
    )


async def _actor(visit: Visit) -> str | None:
    """Return the actor who is asked for, as the log knows him: a user may be asked for by his name."""
    text = visit.query("actor")
    if not text or ":" in text:
        return text or None
    try:
        return f"{_USER}{(await users.get(visit.core, text, visit.principal)).id}"
    except TriviumError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        return text


async def _names(visit: Visit, records: list[AuditRecord]) -> dict[str, str]:
    """Return the names of the users among the actors, by actor."""
    ids = {one.actor.removeprefix(_USER) for one in records if one.actor.startswith(_USER)}
    return {f"{_USER}{one}": name for one, name in (await users.names(visit.core, ids, visit.principal)).items()}


def _time(visit: Visit, name: str) -> datetime | None:
    """Return a time of the URL, in UTC unless it says otherwise; raises MALFORMED."""
    text = visit.query(name)
    try:
        value = datetime.fromisoformat(text) if text else None
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
    except ValueError:
        raise TriviumError(
            ErrorKind.MALFORMED, f"`{name}` is no time; write it as 2030-01-31T12:00, which is UTC."
        ) from None


routes: Final[list[Route]] = [
    show("", audit_log, AUDIT),
    show("/export", export_audit, AUDIT),
    show("/{record_id}", audit_record, AUDIT),
]
