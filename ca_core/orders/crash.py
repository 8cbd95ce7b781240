"""Named points at which a test can kill the process, to show that nothing is lost there (rules 1-6)."""

import os
import signal

_CRASH_AT = os.environ.get("TRIVIUM_CRASH_AT", "")


def crash_point(name: str) -> None:
    """Kill this process with SIGKILL when the environment variable TRIVIUM_CRASH_AT names this point."""
    if _CRASH_AT and name == _CRASH_AT:
        os.kill(os.getpid(), signal.SIGKILL)
