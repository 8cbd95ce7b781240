"""The sentence about what a stranger's server said."""

from hypothesis import given
from hypothesis import strategies as st

from ca_core.validation.validator import MAX_QUOTED, quoted


@given(st.binary(max_size=400))
def test_whatever_is_quoted_is_one_printable_line(data: bytes) -> None:
    """A page or a record could forge lines of a log, or turn text around (rule 56, abuse 9)."""
    assert quoted(data).isprintable()


def test_a_long_answer_is_cut() -> None:
    """An error would carry more than 128 bytes of a stranger's page (rule 56)."""
    assert quoted(b"a" * MAX_QUOTED) == f"'{'a' * MAX_QUOTED}'"
    assert quoted(b"a" * MAX_QUOTED + b"b") == f"'{'a' * MAX_QUOTED}'..."


def test_invalid_utf_8_is_replaced() -> None:
    """A page in another encoding would make a problem document that no JSON parser takes."""
    assert quoted("é".encode() + b"\xff\xed\xa0\x80") == "'é\ufffd\ufffd\ufffd\ufffd'"
