"""Pages: ``start`` and ``length`` of version 2."""

from typing import Annotated, Final

from fastapi import Query
from pydantic.json_schema import SkipJsonSchema

CAP: Final = 300
"""The most that a list has, and a page."""
_FARTHEST: Final = 2**31 - 1

Length = Annotated[int | SkipJsonSchema[None], Query()]
Start = Annotated[int | SkipJsonSchema[None], Query()]


def window(start: int | None, length: int | None) -> tuple[int, int]:
    """Return the offset and the length of a page: within bounds, whatever was asked for; a length below 1 is all."""
    offset = min(max(start or 0, 0), _FARTHEST)
    return offset, CAP if length is None or length < 1 else min(length, CAP)
