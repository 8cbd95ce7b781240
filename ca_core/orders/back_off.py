"""How long a job waits before it is tried again."""

from datetime import timedelta
from typing import Final

from ca_core.model.errors import Problem

_LONGEST: Final = 300
_DOUBLINGS: Final = 9


def back_off(problem: Problem, executions: int) -> timedelta:
    """Return the wait after ``executions`` tries: it doubles up to five minutes, and is no less than was asked for."""
    doubled = min(2 ** min(executions, _DOUBLINGS), _LONGEST)
    return timedelta(seconds=max(problem.retry_after or 0, doubled))
