"""How long a job waits before it is tried again."""

from datetime import timedelta
from typing import Final

from ca_core.model.errors import Problem

_LONGEST: Final = timedelta(minutes=5)
_DOUBLINGS: Final = 20


def back_off(problem: Problem, executions: int, *, longest: timedelta = _LONGEST) -> timedelta:
    """Return the wait after ``executions`` tries: it doubles up to ``longest``, and is no less than was asked for."""
    doubled = min(timedelta(seconds=2 ** min(executions, _DOUBLINGS)), longest)
    return max(timedelta(seconds=problem.retry_after or 0), doubled)
