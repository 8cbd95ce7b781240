"""What the supervisor tells a worker process: one JSON line on its standard input, in no argument list (rule 31)."""

import json
from dataclasses import asdict, dataclass, field

from gateway.listener import ServerKind


@dataclass(frozen=True, kw_only=True)
class StartMessage:
    """Everything a worker needs to begin. Descriptors are inherited listening sockets; CMC over TCP may have none.

    ``key_encryption_key`` is the text from the supervisor's environment, None when the key is in its file.
    """

    directory: str
    server: ServerKind
    index: int
    acme_descriptor: int
    status_descriptor: int
    cmc_tcp_descriptor: int | None
    key_encryption_key: str | None = field(repr=False)

    def line(self) -> bytes:
        """Return the message as a line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> "StartMessage":
        """Read the line; raises ValueError, KeyError or TypeError when it is none of the supervisor's."""
        values = json.loads(line)
        return cls(**{**values, "server": ServerKind(values["server"])})
