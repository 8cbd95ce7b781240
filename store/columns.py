"""Column types: how each kind of domain value stands in a column. Declared once at the table, applied everywhere."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from operator import attrgetter
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
MAX_SERIAL = 1 << 8 * _SERIAL_LENGTH
"""Every serial number that can be stored is below."""
_KEPT = 512

canonical_json: Callable[[Any], str] = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
"""JSON with sorted keys and no spaces: equal values have equal texts."""


class Stored(TypeDecorator[Any]):
    """A type with a conversion of its own each way; ``store`` and ``load`` never see None.

    Prebuilt statements call the two directly: SQLAlchemy's own way there costs three calls a value.
    """

    cache_ok = True
    store: Callable[[Any], Any]
    load: Callable[[Any], Any]

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert a value to what stands in the column."""
        return None if value is None else self.store(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert what stands in the column to a value."""
        return None if value is None else self.load(value)


class Time(Stored):
    """An aware datetime, stored as integer microseconds since the epoch; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    @staticmethod
    def store(value: datetime) -> int:
        """Return microseconds; a naive datetime is a TypeError."""
        since = value - _EPOCH
        return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds

    @staticmethod
    def load(value: int) -> datetime:
        """Return an aware datetime; exact, as a float of seconds would not be."""
        return _EPOCH + timedelta(microseconds=value)


class Member(Stored):
    """A member of one of the given enumerations, stored as its value: text for names, a small integer for codes."""

    impl = String
    cache_ok = True

    def __init__(self, *enums: type[Enum]) -> None:
        super().__init__()
        self.enums = enums
        members = {member.value: member for enum in enums for member in enum}
        self.coded = isinstance(next(iter(members)), int)
        self.store = attrgetter("_value_")  # drivers treat Enum classes each in their own way
        self.load = members.__getitem__

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The column's type."""
        return dialect.type_descriptor(SmallInteger() if self.coded else String())


class Json(Stored):
    """An immutable value as canonical JSON text, through its codec (``encode`` to plain JSON values, ``decode`` back).

    Being immutable, the values of recent texts are kept: a policy is read with every order.
    """

    impl = Text
    cache_ok = True

    def __init__(self, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> None:
        super().__init__()
        self.encode = encode
        self.decode = decode
        self.load = lru_cache(_KEPT)(lambda text: decode(json.loads(text)))

    def store(self, value: Any) -> str:
        """Return canonical JSON."""
        return canonical_json(self.encode(value))


class JsonKey(Json):
    """An immutable value by which rows are found: the same JSON in a column of text as keys have it."""

    impl = String  # type: ignore[assignment] # the base is a Text
    cache_ok = True


class Strings(Stored):
    """A tuple of strings as a JSON list; most are empty."""

    impl = Text
    cache_ok = True

    @staticmethod
    def store(value: tuple[str, ...]) -> str:
        """Return the JSON list."""
        return canonical_json(value) if value else "[]"

    @staticmethod
    def load(value: str) -> tuple[str, ...]:
        """Return the tuple."""
        return () if value == "[]" else tuple(json.loads(value))


class Object(Stored):
    """A JSON object without a shape of ours, as canonical JSON text; most are empty."""

    impl = Text
    cache_ok = True

    @staticmethod
    def store(value: dict[str, Any]) -> str:
        """Return canonical JSON."""
        return canonical_json(value) if value else "{}"

    @staticmethod
    def load(value: str) -> dict[str, Any]:
        """Return the object."""
        return {} if value == "{}" else json.loads(value)


class Serial(Stored):
    """A certificate serial number: 20 octets, big-endian: the column sorts as the numbers do."""

    impl = LargeBinary
    cache_ok = True

    @staticmethod
    def store(value: int) -> bytes:
        """Return the octets."""
        return value.to_bytes(_SERIAL_LENGTH)

    @staticmethod
    def load(value: bytes) -> int:
        """Return the number."""
        return int.from_bytes(value)


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN (values)`` for a statement built for one question: one parameter a value, also for none."""
    parameters = [literal(value, column.type) for value in values]
    return column.in_(parameters) if parameters else false()


def inline(member: Enum) -> ColumnElement[str]:
    """The member as a literal in the SQL text: a partial index serves a query only where the planner sees the value."""
    return literal_column(f"'{member.value}'", String)
