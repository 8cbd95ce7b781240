"""Findings: what a check of ``trivium doctor`` says."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """GOOD: nothing to do. SOON: something to do in time. WRONG: the gateway does not work, or will fail somebody."""

    GOOD = "good"
    SOON = "soon"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found, and what to do about it."""

    check: str
    health: Health
    detail: str
    what_to_do: str = ""

    @property
    def wrong(self) -> bool:
        """Whether the installation needs help now."""
        return self.health is Health.WRONG


def good(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check=check, health=Health.GOOD, detail=detail)


def soon(check: str, detail: str, what_to_do: str) -> Finding:
    """There is something to do in time."""
    return Finding(check=check, health=Health.SOON, detail=detail, what_to_do=what_to_do)


def wrong(check: str, detail: str, what_to_do: str) -> Finding:
    """There is something to do now."""
    return Finding(check=check, health=Health.WRONG, detail=detail, what_to_do=what_to_do)
