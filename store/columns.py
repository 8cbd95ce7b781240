"""Column types: how each kind of domain value stands in a column. Declared once at the table, applied everywhere."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    false,
    literal,
    literal_column,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SERIAL_LENGTH = 20

canonical_json: Callable[[Any], str] = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
"""JSON with sorted keys and no spaces: equal values have equal texts."""


class Time(TypeDecorator[datetime]):
    """An aware datetime, stored as integer microseconds since the epoch; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return microseconds; a naive datetime is a TypeError."""
        if value is None:
            return None
        since = value - _EPOCH
        return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return an aware datetime."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Member(TypeDecorator[Enum]):
    """A member of one of the given enumerations, stored as its value."""

    impl = String
    cache_ok = True

    def __init__(self, *enums: type[Enum]) -> None:
        super().__init__()
        self.enums = enums
        self._members = {member.value: member for enum in enums for member in enum}

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Text for names, a small integer for codes."""
        coded = isinstance(next(iter(self._members)), int)
        return dialect.type_descriptor(SmallInteger() if coded else String())

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the member's plain value: drivers treat Enum classes each in their own way."""
        return None if value is None else value.value

    def process_result_value(self, value: Any, dialect: Dialect) -> Enum | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the member."""
        return None if value is None else self._members[value]


class Json(TypeDecorator[Any]):
    """A value as canonical JSON text, through the codec given (``encode`` to plain JSON values, ``decode`` back)."""

    impl = Text
    cache_ok = True

    def __init__(self, encode: Callable[[Any], Any] | None = None, decode: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.encode = encode
        self.decode = decode

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return canonical JSON."""
        if value is None:
            return None
        return canonical_json(value if self.encode is None else self.encode(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the value."""
        if value is None:
            return None
        plain = json.loads(value)
        return plain if self.decode is None else self.decode(plain)


class Serial(TypeDecorator[int]):
    """A certificate serial number: 20 octets, big-endian: the column sorts as the numbers do."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the octets."""
        return None if value is None else value.to_bytes(_SERIAL_LENGTH)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the number."""
        return None if value is None else int.from_bytes(value)


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN (values)`` for a statement built for one question: one parameter a value, also for none."""
    parameters = [literal(value, column.type) for value in values]
    return column.in_(parameters) if parameters else false()


def inline(member: Enum) -> ColumnElement[str]:
    """The member as a literal in the SQL text: a partial index serves a query only where the planner sees the value."""
    return literal_column(f"'{member.value}'", String)
