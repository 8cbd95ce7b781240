"""BER around CMC: what Bouncy Castle and `openssl -stream` write becomes the DER it means, and nothing runs away."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.certificates.der import check_der
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc.ber import LIMITS, to_der
from tests.cmc import vectors

END = b"\x00\x00"


@pytest.mark.parametrize(
    ("ber", "der"),
    [
        (b"\x30\x80" + END, b"\x30\x00"),
        (b"\x30\x80\x02\x01\x07" + END, b"\x30\x03\x02\x01\x07"),
        (b"\x30\x80\xa0\x80\x24\x80\x04\x01a\x04\x02bc" + END * 3, b"\x30\x07\xa0\x05\x04\x03abc"),
        (b"\x30\x80\x24\x04\x04\x02ab" + END, b"\x30\x04\x04\x02ab"),
        (b"\x30\x80\x04\x81\x01a" + END, b"\x30\x03\x04\x01a"),
        (b"\x30\x80\x04\x81\x80" + bytes(128) + END, b"\x30\x81\x83\x04\x81\x80" + bytes(128)),
    ],
)
def test_ber_becomes_the_der_it_means(ber: bytes, der: bytes) -> None:
    """A message would be refused, or read as another."""
    assert to_der(ber) == der


@pytest.mark.parametrize("vector", vectors.NAMES)
def test_der_stays_as_it_is(vector: str) -> None:
    """A signature over a part would not verify any more."""
    assert to_der(vectors.message(vector)) == vectors.message(vector)


@pytest.mark.parametrize(
    "broken",
    [
        b"\x30\x80",
        b"\x30\x80\x02\x80\x07" + END * 2,
        b"\x30\x80" + END + b"\x00",
        b"\x30\x80\x24\x80\x02\x01\x07" + END * 2,
        b"\x30\x80\x30\x05\x02\x01\x07" + END,
        b"\x30\x80\x1f\x81\x01\x00" + END,
        b"\x30\x80\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff" + END,
        b"\x30\x80" * 1000 + END * 1000,
        b"\x30\x80" + b"\x05\x00" * 6000 + END,
        b"\x30\x03\x30\x80" + END,
    ],
    ids=range(10),
)
def test_broken_ber_is_refused(broken: bytes) -> None:
    """The converter would read past the end, or go as deep as the sender likes (rule 62)."""
    with pytest.raises(TriviumError) as error:
        to_der(broken)
    assert error.value.kind is ErrorKind.MALFORMED


def test_size_is_looked_at_first() -> None:
    """A message of any size would be converted."""
    with pytest.raises(TriviumError) as error:
        to_der(b"\x30\x80" + bytes(LIMITS.size))
    assert error.value.kind is ErrorKind.TOO_LARGE


@given(st.binary(max_size=200).map(lambda data: b"\x30\x80" + data) | st.binary(max_size=100))
@settings(deadline=None, max_examples=500)
def test_what_comes_out_has_passed_the_guard(data: bytes) -> None:
    """Whoever parses it relies on that."""
    with suppress(TriviumError):
        check_der(to_der(data))
