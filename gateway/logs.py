"""The log on stderr: one JSON object a line, so that nothing in it can forge a line or steer a terminal (abuse 62).

A line that cannot be written is lost, and nothing but the line: a log on a full disk, or one whose reader has gone,
must not stop what it tells of.
"""

import io
import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO


class JsonLines(logging.Formatter):
    """Formats a record as one line of ASCII JSON: control characters and line separators are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


class LosingLines(logging.StreamHandler[TextIO]):
    """Writes records to a stream, and drops one that the stream does not take."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Keep quiet about a stream that fails; whatever else is wrong with a record is a defect, and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def configure(level: str) -> None:
    """Send everything of ``level`` and above to stderr; the servers' own chatter about bad requests stays out."""
    # Unbuffered, or what was not taken would be tried again with each line to come, and when the program ends.
    stderr = io.TextIOWrapper(io.FileIO(sys.stderr.fileno(), "w", closefd=False), write_through=True)
    handler = LosingLines(stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What a stranger sends must not fill the log: these speak of malformed requests, and of each write to a peer that
    # has gone, below ERROR.
    for chatty in ("uvicorn.error", "hypercorn.error", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
