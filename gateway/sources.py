"""The real clock and the operating system's randomness: what the core gets outside tests."""

import os
from datetime import UTC, datetime
from functools import partial

from ca_core.model.sources import Sources


class SystemClock:
    """The machine's clock. An issuance looks at it a hundred times, so there is no function of ours in between."""

    now = partial(datetime.now, UTC)


class SystemEntropy:
    """The operating system's cryptographically strong random bytes."""

    token = staticmethod(os.urandom)


def system_sources() -> Sources:
    """Return the clock and randomness of this machine."""
    return Sources(clock=SystemClock(), entropy=SystemEntropy())
