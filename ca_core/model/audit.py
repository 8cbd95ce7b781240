"""Audit records: what every command and stage appends in the transaction of its effect."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How the audited act ended."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One act: who (``actor``), for whom (``client_id``), what (``action`` on ``object_id``), how it ended.

    ``details`` is a JSON object without secrets; ``id`` (``aud-`` or, for a failure, ``err-``) is what
    ``trivium explain`` resolves.
    """

    id: str
    at: datetime
    actor: str
    client_id: str | None
    action: str
    object_id: str
    outcome: Outcome
    details: dict[str, Any] = field(default_factory=dict)
