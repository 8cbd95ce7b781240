"""Lists of what grows: a page, and where the next one begins."""

from collections.abc import Sequence
from typing import Final

from gateway.admin.visit import Visit

PAGE: Final = 50
"""How many rows a list has."""


def following(visit: Visit, ids: Sequence[str], *, place: str = "before") -> str | None:
    """Return the URL of the next page of a list with these ids; None when it is the last.

    ``place`` is the parameter that says behind which id the page goes on.
    """
    return visit.url(**{place: ids[-1], "notice": None}) if len(ids) == PAGE else None
