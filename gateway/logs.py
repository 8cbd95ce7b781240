"""The log on stderr: one JSON object a line, so that nothing in it can forge a line or steer a terminal (abuse 62)."""

import json
import logging
import sys
from datetime import UTC, datetime


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


def configure(level: str) -> None:
    """Send everything of ``level`` and above to stderr; the servers' own chatter about bad requests stays out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What a stranger sends must not fill the log: these speak of malformed requests, and of each write to a peer that
    # has gone, below ERROR.
    for chatty in ("uvicorn.error", "hypercorn.error", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
