"""The audit log in the store: records as canonical JSON, in the sequence they were committed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, insert, select

from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.repositories.audit import AuditSearch
from store.columns import among, canonical_json
from store.statements import Executor, Statement
from store.tables import audit_records

_table = audit_records.c
_COLUMNS = ("id", "client_id", "object_id", "at", "actor", "action", "outcome", "record")
_ADD = Statement(insert(audit_records).values({name: bindparam(name) for name in _COLUMNS}))
_GET = Statement(select(audit_records.c.record).where(audit_records.c.id == bindparam("id")))
_OF_OBJECT = Statement(
    select(audit_records.c.record)
    .where(audit_records.c.object_id == bindparam("object_id"))
    .order_by(audit_records.c.sequence.desc())
    .limit(bindparam("limit"))
)
_LATEST = Statement(select(audit_records.c.record).order_by(audit_records.c.sequence.desc()).limit(1))


class AuditTable:
    """Implements :class:`ca_core.model.store.Audit`. Nothing changes or deletes a record."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def append(self, records: Sequence[AuditRecord]) -> None:
        """Append the records; when that fails the operation they report fails with them (rule 89)."""
        self._run.change_many(
            _ADD,
            [{**vars(record), "record": canonical(record)} for record in records],
        )

    def get(self, record_id: str) -> AuditRecord | None:
        """Return the record of this id (``aud-`` or ``err-``)."""
        row = self._run.one(_GET, {"id": record_id})
        return None if row is None else _record(row["record"])

    def of_object(self, object_id: str, limit: int) -> list[AuditRecord]:
        """Return what was done to the object, newest first."""
        return [_record(row["record"]) for row in self._run.all(_OF_OBJECT, {"object_id": object_id, "limit": limit})]

    def search(self, query: AuditSearch) -> list[AuditRecord]:
        """Return the records that match, newest first; ``query.before`` is the id the page continues behind."""
        search = select(_table.record).order_by(_table.sequence.desc()).limit(query.limit)
        if query.client_ids is not None:
            search = search.where(among(_table.client_id, query.client_ids))
        for column, wanted in (
            (_table.actor, query.actor),
            (_table.action, query.action),
            (_table.object_id, query.object_id),
            (_table.outcome, query.outcome),
        ):
            if wanted is not None:
                search = search.where(column == wanted)
        if query.since is not None:
            search = search.where(_table.at >= query.since)
        if query.until is not None:
            search = search.where(_table.at < query.until)
        if query.before is not None:
            behind = select(_table.sequence).where(_table.id == query.before).scalar_subquery()
            search = search.where(_table.sequence < behind)
        return [_record(row["record"]) for row in self._run.search(search)]

    def latest(self) -> AuditRecord | None:
        """Return the newest record."""
        row = self._run.one(_LATEST, {})
        return None if row is None else _record(row["record"])


def canonical(record: AuditRecord) -> str:
    """The record as it is kept for good: JSON with sorted keys, no spaces, the time in UTC with microseconds."""
    return canonical_json(
        {
            "action": record.action,
            "actor": record.actor,
            "at": record.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "client_id": record.client_id,
            "details": record.details,
            "id": record.id,
            "object_id": record.object_id,
            "outcome": record.outcome,
        }
    )


def _record(text: str) -> AuditRecord:
    members = json.loads(text)
    members["at"] = datetime.fromisoformat(members["at"])
    members["outcome"] = Outcome(members["outcome"])
    return AuditRecord(**members)
