"""Audit records as files: JSON Lines for programs, CSV for spreadsheets."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ca_core.model.audit import AuditRecord

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by, and runs it."""


class AuditFormat(StrEnum):
    """JSONL: an object a line. CSV: RFC 4180, with a header; the details are JSON in one cell."""

    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, kw_only=True)
class AuditFile:
    """How records are written in a format: what comes first, and then page by page."""

    media_type: str
    head: bytes
    page: Callable[[Sequence[AuditRecord]], bytes]

    async def content(self, pages: AsyncIterator[Sequence[AuditRecord]]) -> AsyncIterator[bytes]:
        """Yield the content of the file."""
        yield self.head
        async for records in pages:
            yield self.page(records)


def _members(record: AuditRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "at": record.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": record.actor,
        "client": record.client_id,
        "action": record.action,
        "object": record.object_id,
        "outcome": record.outcome.value,
        "details": record.details,
    }


def _lines(records: Sequence[AuditRecord]) -> bytes:
    return b"".join(json.dumps(_members(one)).encode() + b"\n" for one in records)


def _rows(records: Sequence[AuditRecord]) -> bytes:
    members = [_members(one) for one in records]
    return _csv((one | {"details": json.dumps(one["details"])}).values() for one in members)


def _csv(rows: Iterable[Iterable[str | None]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([harmless_cell(cell or "") for cell in row] for row in rows)
    return text.getvalue().encode()


def harmless_cell(text: str) -> str:
    """Return the text of a cell, behind an apostrophe where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


_COLUMNS: Final = ("id", "at", "actor", "client", "action", "object", "outcome", "details")

AUDIT_FILES: Final = {
    AuditFormat.JSONL: AuditFile(media_type="application/jsonl", head=b"", page=_lines),
    AuditFormat.CSV: AuditFile(media_type="text/csv; charset=utf-8", head=_csv([_COLUMNS]), page=_rows),
}
