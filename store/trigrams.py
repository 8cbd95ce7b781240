"""The index of the parts of order terms: pg_trgm's on PostgreSQL, an FTS5 table on SQLite (migration 0033).

It knows the threes of characters that stand in each term. So it finds the few orders that can match a text, but neither
those for a text without three letters or digits in a row, nor, sooner than a walk, those for a text that many have.
"""

import re
from typing import Final

from sqlalchemy import Integer, String, bindparam, column, select, table

from store.statements import Executor, Statement
from store.tables import order_terms
from store.wildcards import ESCAPE, like_pattern

FEW: Final = 1000
"""Terms up to which those that can match are looked at one by one."""

_LENGTH: Final = 3
_WORD: Final = re.compile(r"[^\W_]{3}")  # PostgreSQL's threes are of letters and digits alone
_LITERAL: Final = re.compile(r"[^*?]+")

_trigrams = table("order_trigrams", column("rowid", Integer), column("order_trigrams", String))
_CANDIDATES: Final = Statement(
    select(order_terms.c.order_id).where(
        order_terms.c.id.in_(
            select(_trigrams.c.rowid)
            .where(_trigrams.c.order_trigrams.match(bindparam("trigrams")))
            .limit(bindparam("limit"))
        )
    ),
    postgresql=select(order_terms.c.order_id)
    .where(order_terms.c.value.like(bindparam("pattern"), escape=ESCAPE))
    .limit(bindparam("limit")),
)


def candidates(executor: Executor, text: str) -> frozenset[str] | None:
    """Return the orders of which a term may match the text of a user (:mod:`store.wildcards`), and a few others.

    None: they are too many, or the index cannot say.
    """
    if _WORD.search(text) is None or "\0" in text:
        return None
    values = {"trigrams": _all_of(text.lower()), "pattern": like_pattern(text), "limit": FEW + 1}
    found = executor.all(_CANDIDATES, values)
    return None if len(found) > FEW else frozenset(row["order_id"] for row in found)


def _all_of(text: str) -> str:
    """Return the query of FTS5 for all threes of characters between the wildcards."""
    threes = {
        part[start : start + _LENGTH] for part in _LITERAL.findall(text) for start in range(len(part) - _LENGTH + 1)
    }
    return " AND ".join('"' + three.replace('"', '""') + '"' for three in sorted(threes))
