"""The strict readers under every ACME request: base64url (rule 42), JSON (rule 43), times."""

import base64
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.acme.codec import (
    decode_base64url,
    decode_json_object,
    encode_base64url,
    encode_json,
    format_time,
    optional_time,
)

T = TypeVar("T")

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=10,
)


def value_unless_malformed(read: Callable[[], T]) -> T | None:
    """Return what ``read`` reads, None when it is refused as malformed; anything else that is raised goes on."""
    try:
        return read()
    except TriviumError as error:
        if error.kind is not ErrorKind.MALFORMED:
            raise
        return None


def refused(data: bytes) -> str:
    """Return the sentence with which an object is refused as malformed."""
    with pytest.raises(TriviumError) as caught:
        decode_json_object(data, "The body")
    assert caught.value.kind is ErrorKind.MALFORMED
    return caught.value.detail


@given(st.binary(max_size=100))
def test_base64url_reads_back_what_it_wrote(data: bytes) -> None:
    """A value that was encoded would otherwise not be read back (rule 42)."""
    encoded = encode_base64url(data)
    assert encoded == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert decode_base64url(encoded, "It") == data


@given(st.text(max_size=20) | st.text("ABab_-=+/ \n", max_size=12))
def test_base64url_has_one_spelling_a_value(text: str) -> None:
    """Two spellings of one nonce or signature would make it good twice (rule 42)."""
    data = value_unless_malformed(lambda: decode_base64url(text, "It"))
    assert data is None or encode_base64url(data) == text


@pytest.mark.parametrize(
    "text", ["QQ==", "QQ=", "Q", "QR", "QUJ", "QQ\n", " QQ", "Q!", "QQ+A", "QQ/A", "QQ.A", "Qé", None, 7, ["QQ"]]
)
def test_base64url_refuses_every_other_spelling(text: object) -> None:
    """Padding, line breaks, foreign characters and loose trailing bits would pass (rule 42, acme.md fact 14)."""
    with pytest.raises(TriviumError) as caught:
        decode_base64url(text, "It")
    assert caught.value.kind is ErrorKind.MALFORMED


@given(st.dictionaries(st.text("abc", max_size=3), JSON_VALUES, max_size=5))
def test_json_objects_are_read_as_json_reads_them(value: dict[str, Any]) -> None:
    """A good body would be refused, or read as something else (rule 43)."""
    assert decode_json_object(json.dumps(value).encode(), "The body") == value
    assert decode_json_object(json.dumps(value, ensure_ascii=False, indent=2).encode(), "The body") == value
    assert json.loads(encode_json(value)) == value


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text('{}[]":,\\ud800eE+-.0123456789nulltrueNaN ', max_size=40).map(str.encode))
def test_json_answers_garbage_with_malformed_only(data: bytes) -> None:
    """Any other exception is a 500 that a stranger can cause (rule 43)."""
    value = value_unless_malformed(lambda: decode_json_object(data, "The body"))
    assert value is None or isinstance(value, dict)


@pytest.mark.parametrize(
    "data", [b"[]", b"null", b'"a"', b"1", b"true", b"", b" ", b"\xef\xbb\xbf{}", b"{} {}", b"\xff{}"]
)
def test_only_objects_are_bodies(data: bytes) -> None:
    """A list or null would reach code that expects members (rule 43)."""
    assert "JSON object" in refused(data)


@pytest.mark.parametrize("data", [b'{"a":1,"a":1}', b'{"x":{"a":1,"\\u0061":2}}', b'{"x":[{"a":1,"a":2}]}'])
def test_duplicate_members_are_refused_at_every_level(data: bytes) -> None:
    """Two readers could take a different one of the two (rule 43, abuse 18)."""
    assert "twice" in refused(data)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("times", [17, 900, 16_000])
def test_deep_nesting_is_refused(opening: bytes, times: int) -> None:
    """100,000 brackets would end in a RecursionError or exhaust the stack (rule 43)."""
    closing = opening.replace(b"[", b"]").replace(b'{"a":', b"}")[::-1]
    data = b'{"a":' + opening * times + b"0" + closing * times + b"}"
    assert "nest deeper" in refused(data)
    assert "JSON object" in refused(b'{"a":' + opening * times) or "nest deeper" in refused(b'{"a":' + opening * times)


def test_wide_objects_are_not_deep() -> None:
    """An order of 100 names would be refused as too deep (rule 43)."""
    names = {"identifiers": [{"type": "dns", "value": f"h{n}.test"} for n in range(100)]}
    assert decode_json_object(json.dumps(names).encode(), "The body") == names


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00x", "\\udc00\\ud800", "a\\u0000b"])
def test_lone_surrogates_and_nul_are_refused(text: str) -> None:
    """A string that no database and no UTF-8 writer takes would fail later, as a 500 (rule 43)."""
    refused(f'{{"a":["{text}"]}}'.encode())
    refused(f'{{"{text}":1}}'.encode())


def test_a_backslash_before_u0000_is_text() -> None:
    """A comment about escapes would be refused as NUL (rule 43)."""
    assert decode_json_object(b'{"a":"\\\\u0000"}', "The body") == {"a": "\\u0000"}
    refused(b'{"a":"\\\\\\u0000"}')


def test_surrogate_pairs_are_one_character() -> None:
    """Good JSON with an emoji in escapes would be refused (rule 43)."""
    assert decode_json_object(b'{"a":"\\ud83d\\ude00"}', "The body") == {"a": "\N{GRINNING FACE}"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 21, "9" * 5000])
def test_numbers_stay_finite_and_short(number: str) -> None:
    """An unbounded number costs time or fails in a place that expects a finite one (rule 43)."""
    refused(f'{{"a":{number}}}'.encode())
    assert math.isclose(decode_json_object(b'{"a":1.5e3}', "The body")["a"], 1500.0)


@given(st.text(max_size=30) | st.text("0123456789-+:.TZtz", min_size=18, max_size=32))
def test_times_are_times_or_malformed(text: str) -> None:
    """A strange notBefore would be a 500 (RFC 8555 section 7.4)."""
    time = value_unless_malformed(lambda: optional_time({"notBefore": text}, "notBefore"))
    assert time is None or optional_time({"t": format_time(time)}, "t") == time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31t12:00:00.999z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31T12:00:00+02:00", datetime(2030, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(text: str, expected: datetime) -> None:
    """A requested notBefore with an offset would be hours off (RFC 3339 section 5.6)."""
    assert optional_time({"t": text}, "t") == expected


@pytest.mark.parametrize(
    "text", ["2030-01-31", "2030-01-31 12:00:00Z", "2030-01-31T12:00:00", "0001-01-01T00:00:00+23:59", 5]
)
def test_other_times_are_malformed(text: object) -> None:
    """A time without a zone would be read in the server's own (RFC 3339 section 5.6)."""
    with pytest.raises(TriviumError) as caught:
        optional_time({"t": text}, "t")
    assert caught.value.kind is ErrorKind.MALFORMED
