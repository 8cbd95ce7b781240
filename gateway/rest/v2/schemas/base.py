"""What every schema of version 2 is made of."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias, TypeVar, Union

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema

_ABBREVIATIONS: Final = frozenset(("cab", "dn", "dns", "ip", "jpg", "oid", "pdf", "rfc822", "upn", "www"))


def _member(name: str) -> str:
    """Return the name of a member on the wire: camelCase, with abbreviations in capitals behind the first word."""
    first, *others = name.split("_")
    return first + "".join(word.upper() if word in _ABBREVIATIONS else word.capitalize() for word in others)


class Schema(BaseModel):
    """A schema: camelCase on the wire. Requests may have members that it does not name; answers have none."""

    model_config = ConfigDict(alias_generator=_member, populate_by_name=True, extra="ignore", frozen=True)


Item = TypeVar("Item")
Absent: TypeAlias = Union[Item, SkipJsonSchema[None]]  # noqa: UP007 - of a type variable
"""A member of an answer that may be left out, and is never null."""


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def _instant(value: Any) -> Any:
    """Read a date and time of RFC 3339; without an offset it is UTC."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        read = datetime.fromisoformat(value.upper() if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("write a date and time such as 2026-01-31T12:00:00Z") from None
    if read.tzinfo is None:
        return read.replace(tzinfo=UTC)
    try:
        return read.astimezone(UTC)
    except OverflowError:
        return _LAST if read.year > _FIRST.year else _FIRST


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A date and time, in answers always UTC with seconds and a ``Z``."""

Integer = StrictInt
Boolean = StrictBool
Email = Annotated[str, WithJsonSchema({"type": "string", "format": "email"})]

ClientReference = Annotated[str, Field(pattern="cli-[0-9a-f-]{36}")]
ProductReference = Annotated[str, Field(pattern="pma-[0-9a-f-]{36}")]
OrderReference = Annotated[str, Field(pattern="ord-[0-9a-f-]{36}")]
JobReference = Annotated[str, Field(pattern="job-[0-9a-f-]{36}")]
DomainReference = Annotated[str, Field(pattern="cld-[0-9a-f-]{36}")]


def any_spelling(*allowed: str) -> BeforeValidator:
    """Return what takes an enumeration's values in upper, lower or camel case for those of the document."""
    spellings = {_plain(value): value for value in allowed}

    def read(value: Any) -> Any:
        return spellings.get(_plain(value), value) if isinstance(value, str) else value

    return BeforeValidator(read)


def _plain(value: str) -> str:
    return value.replace("_", "").replace("-", "").upper()
