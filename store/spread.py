"""Statements over a number of values, ``IN (...)``: few statements serve every number."""

from collections.abc import Sequence
from functools import cache
from itertools import zip_longest


@cache
def spread_names(count: int, prefix: str) -> tuple[str, ...]:
    """Return parameter names for ``count`` values, rounded up to a power of two."""
    return tuple(f"{prefix}_{index}" for index in range(1 << (count - 1).bit_length()))


def spread(prefix: str, values: Sequence[str]) -> dict[str, str]:
    """Return the values, at least one, under their parameter names, the last one repeated up to the rounded count."""
    return dict(zip_longest(spread_names(len(values), prefix), values, fillvalue=values[-1]))
