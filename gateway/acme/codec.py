"""Strict readers for what ACME is written in: base64url, JSON, RFC 3339 times. Bytes in, values or MALFORMED out."""

import binascii
import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from ca_core.model.errors import ErrorKind, TriviumError

JsonObject = dict[str, Any]

_MAX_DEPTH = 16
_MAX_INTEGER_DIGITS = 20

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
# What the last character may be, by the length modulo 4: its unused trailing bits are zero (RFC 4648 section 3.5).
_LAST_CHARACTERS = {0: None, 2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
_PADDING = {0: "", 2: "==", 3: "="}


def malformed(detail: str) -> TriviumError:
    """Make the error of a request that is not written as ACME writes it."""
    return TriviumError(ErrorKind.MALFORMED, detail)


def decode_base64url(text: object, what: str) -> bytes:
    """Decode base64url as RFC 8555 section 6.1 wants it: no padding, no white space, no foreign characters.

    Unused trailing bits must be zero, so that one value has one spelling (rule 42). ``what`` names the value in the
    error. Raises MALFORMED.
    """
    if not isinstance(text, str):
        raise malformed(f"{what} must be a string in base64url.")
    remainder = len(text) % 4
    if remainder not in _LAST_CHARACTERS or not _BASE64URL.fullmatch(text):
        raise malformed(f"{what} must be base64url without padding, white space or other characters.")
    last = _LAST_CHARACTERS[remainder]
    if last is not None and text[-1] not in last:
        raise malformed(f"{what} must be base64url in its canonical form: its unused trailing bits are not zero.")
    return binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + _PADDING[remainder])


def encode_base64url(data: bytes) -> str:
    """Encode as base64url without padding."""
    return binascii.b2a_base64(data, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")


def decode_json_object(data: bytes, what: str) -> JsonObject:
    """Parse a JSON object (rule 43).

    Refused as MALFORMED: anything but an object, duplicate members, nesting deeper than 16, bytes that are not UTF-8,
    lone surrogates and NUL in strings, numbers that are not finite or longer than 20 digits. ``what`` names the
    object in the error.
    """
    try:
        text = data.decode()
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep(what) from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are among them
        reason = str(error) if isinstance(error, _RefusedJsonError) else "it is not well-formed"
        raise malformed(f"{what} must be a JSON object in UTF-8: {reason}.") from None
    if not isinstance(value, dict):
        raise malformed(f"{what} must be a JSON object.")
    # An object cannot nest deeper than it has opening brackets; nearly none has enough of them to look further.
    if text.count("{") + text.count("[") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:
        raise _too_deep(what)
    if "\\u" in text:
        _refuse_unusable_characters(text, value, what)
    return value


def encode_json(value: JsonObject) -> bytes:
    """Write a JSON object as compactly as it goes."""
    return _ENCODER.encode(value).encode()


def optional_string(obj: JsonObject, name: str) -> str | None:
    """Return the member ``name`` if the object has it; raises MALFORMED when it is there and not a string."""
    value = obj.get(name)
    if value is not None and not isinstance(value, str):
        raise malformed(f'"{name}" must be a string.')
    return value


def optional_boolean(obj: JsonObject, name: str) -> bool:
    """Return the member ``name``, False where it is missing; raises MALFORMED when it is not true or false."""
    value = obj.get(name, False)
    if not isinstance(value, bool):
        raise malformed(f'"{name}" must be true or false.')
    return value


_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)


def optional_time(obj: JsonObject, name: str) -> datetime | None:
    """Return the RFC 3339 time of the member ``name`` in UTC, to the second; raises MALFORMED when it is none."""
    text = optional_string(obj, name)
    if text is None:
        return None
    try:
        if not _RFC_3339.fullmatch(text):
            raise ValueError  # noqa: TRY301 - one answer for both ways of not being a time
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise malformed(f'"{name}" must be a time as RFC 3339 writes it, such as 2030-01-31T12:00:00Z.') from None


def format_time(time: datetime) -> str:
    """Write a time as RFC 3339 in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _RefusedJsonError(ValueError):
    """JSON that is well-formed, and refused all the same; its text is ours and may be shown."""


def _object_without_duplicates(members: list[tuple[str, Any]]) -> JsonObject:
    obj = dict(members)
    if len(obj) != len(members):
        raise _RefusedJsonError("a member stands in it twice")
    return obj


def _bounded_integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise _RefusedJsonError("a number in it is too long")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _RefusedJsonError("a number in it is too large")
    return value


def _no_constant(name: str) -> float:
    raise _RefusedJsonError(f"{name} is not a number of JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object_without_duplicates,
    parse_int=_bounded_integer,
    parse_float=_finite_float,
    parse_constant=_no_constant,
)
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False)


def _depth(value: object) -> int:
    """Return how deep a parsed value nests, without recursion."""
    depth = 0
    level = [value]
    while level:
        depth += 1
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _too_deep(what: str) -> TriviumError:
    return malformed(f"{what} must not nest deeper than {_MAX_DEPTH} levels.")


_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _refuse_unusable_characters(text: str, value: JsonObject, what: str) -> None:
    """Refuse what an escape can bring in that no name, URL or comment needs: lone surrogates and NUL."""
    if _ESCAPED_NUL.search(text):
        raise malformed(f"{what} must not contain the character NUL.")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise malformed(f"{what} must not contain lone surrogates.") from None
