"""The audit log in a store."""

from collections.abc import Sequence
from typing import Protocol

from ca_core.model.audit import AuditRecord


class Audit(Protocol):
    """The audit log."""

    def append(self, records: Sequence[AuditRecord]) -> None: ...
    def get(self, record_id: str) -> AuditRecord | None: ...
    def of_object(self, object_id: str, limit: int) -> list[AuditRecord]: ...
    def latest(self) -> AuditRecord | None: ...
