"""Prefer: wait=N (RFC 7240 section 4.3): who can wait for an order is answered when nothing more happens by itself."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

MOST: Final = 60
"""Seconds that are waited at most."""

_WAIT: Final = re.compile(r'wait\s*=\s*"?([0-9]{1,9})"?', re.ASCII | re.IGNORECASE)


class Wait:
    """How many seconds the requester waits at most; 0 when he does not."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    @property
    def applied(self) -> str:
        """Return what the header Preference-Applied says of it; empty when nothing was preferred."""
        return f"wait={self.seconds}" if self.seconds else ""


def wait(
    prefer: Annotated[
        str | None,
        Header(description=f"`wait=N`: answer when the order is decided, or after N seconds; at most {MOST}."),
    ] = None,
) -> Wait:
    """Read Prefer; what is no wait is ignored, as preferences are."""
    found = [_WAIT.fullmatch(one.partition(";")[0].strip()) for one in (prefer or "").split(",")]
    return Wait(next((min(int(match[1]), MOST) for match in found if match), 0))


Waits = Annotated[Wait, Depends(wait)]
"""The parameter of an operation that may take its time."""
