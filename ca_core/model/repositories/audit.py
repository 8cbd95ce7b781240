"""The audit log in a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ca_core.model.audit import AuditRecord, Outcome


@dataclass(frozen=True, kw_only=True)
class AuditSearch:
    """What the audit log is searched by; None means any. ``client_ids`` None is the operator's own service only.

    ``since`` and ``until`` (UTC, the latter not included) bound the time; ``before`` is the id of the record that the
    page continues behind.
    """

    client_ids: frozenset[str] | None
    actor: str | None = None
    action: str | None = None
    object_id: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None
    limit: int = 50


class Audit(Protocol):
    """The audit log."""

    def append(self, records: Sequence[AuditRecord]) -> None: ...
    def get(self, record_id: str) -> AuditRecord | None: ...
    def of_object(self, object_id: str, limit: int) -> list[AuditRecord]: ...
    def search(self, query: AuditSearch) -> list[AuditRecord]:
        """Newest first; ``query.before`` is the id of the record the page continues behind."""
        ...

    def latest(self) -> AuditRecord | None: ...
