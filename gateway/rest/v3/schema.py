"""What every JSON body of version 3 is made of: names in camelCase, unknown members refused, times in UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Response
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
)
from pydantic.alias_generators import to_camel


class Schema(BaseModel):
    """A JSON object. A member that it does not name is refused: nobody sets what he is not meant to (abuse 47)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def encoded(self) -> bytes:
        """Return the object as it goes over the wire."""
        return self.model_dump_json(by_alias=True).encode()


def _text_of_time(value: object) -> object:
    is_text = isinstance(value, str) and value[4:5] == "-"  # pydantic takes numbers in a string for seconds of Unix
    if is_text or isinstance(value, datetime):
        return value
    raise ValueError("write a time as 2030-01-31T12:00:00Z")


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("say the time's zone: 2030-01-31T12:00:00Z")
    return value.astimezone(UTC)


def _seconds(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[
    datetime,
    BeforeValidator(_text_of_time),
    AfterValidator(_in_utc),
    PlainSerializer(_seconds, return_type=str),
    Field(json_schema_extra={"format": "date-time"}, examples=["2030-01-31T12:00:00Z"]),
]
"""A time of RFC 3339, on the way out in UTC and whole seconds."""

Flag = StrictBool
Count = StrictInt
Text = Annotated[str, Field(max_length=4096)]
Line = Annotated[str, Field(max_length=256, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$")]
"""A text without line breaks or control characters."""


def list_answer(content: Sequence[Schema], status: int = HTTPStatus.OK) -> Response:
    """Answer with a whole list."""
    return Response(b"[%s]" % b",".join(one.encoded() for one in content), status, media_type="application/json")


def json_answer(content: Schema, status: int = HTTPStatus.OK, **headers: str) -> Response:
    """Answer with an object and its headers, whose names are written with underscores; empty ones are left out."""
    named = {name.replace("_", "-"): value for name, value in headers.items() if value}
    return Response(content.encoded(), status, named, "application/json")
