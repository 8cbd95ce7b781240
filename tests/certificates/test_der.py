"""The DER guard (rule 62)."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.certificates.der import DerLimits, check_der
from ca_core.model.errors import ErrorKind, TriviumError
from tests.certificates.authorities import dns, new_csr


def tlv(tag: int, content: bytes) -> bytes:
    """Return a DER value with the shortest length."""
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    octets = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def nested(depth: int) -> bytes:
    """Return ``depth`` SEQUENCEs, one in the other."""
    value = b""
    for _ in range(depth):
        value = tlv(0x30, value)
    return value


REFUSED = {
    "empty input": b"",
    "one byte": b"\x30",
    "cut off in the length": b"\x30\x82\x01",
    "cut off in the content": b"\x30\x05\x02\x01\x01",
    "child longer than its parent": b"\x30\x03\x04\x05\x00",
    "indefinite length": b"\x30\x80\x02\x01\x01\x00\x00",
    "length in a longer form than needed": b"\x30\x81\x03\x02\x01\x01",
    "length with a leading zero": b"\x30\x82\x00\x80" + bytes(128),
    "length of 5 octets": b"\x30\x85\x00\x00\x00\x00\x01\x00",
    "length of 2^32 - 1": b"\x30\x84\xff\xff\xff\xff",
    "reserved length 0xff": b"\x30\xff" + bytes(200),
    "trailing byte": b"\x30\x00\x00",
    "second value": b"\x02\x01\x01\x02\x01\x01",
    "end-of-contents as a value": b"\x30\x02\x00\x00",
    "multi-byte tag": b"\x1f\x81\x01\x00",
    "constructed OCTET STRING": tlv(0x24, tlv(0x04, b"x")),
    "primitive SEQUENCE": tlv(0x10, b""),
    "empty INTEGER": tlv(0x02, b""),
    "empty OBJECT IDENTIFIER": tlv(0x06, b""),
    "33 levels": nested(33),
    "1,000 levels": nested(1000),
    "deep beyond the size limit": nested(20_000),
    "5,001 values": tlv(0x30, b"\x05\x00" * 5000),
    "30,000 values": tlv(0x30, b"\x05\x00" * 30_000),
    "OBJECT IDENTIFIER of 65 bytes": tlv(0x06, b"\x2a" * 65),
    "OBJECT IDENTIFIER of 50 kB": tlv(0x30, tlv(0x06, b"\x81" * 50_000)),
    "INTEGER of 2,101 bytes": tlv(0x02, b"\x01" * 2101),
    "64 KiB and a byte": tlv(0x04, bytes(64 * 1024 - 3)),
    "10 MB": tlv(0x04, bytes(10_000_000)),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses_pathological_input_quickly(data: bytes) -> None:
    """A hostile message would reach a slow or recursive ASN.1 library, or block the loop here (rule 62).

    Counted in lines that run, for a busy machine makes any number of seconds too few: 5,000 values are the most that
    is looked at, with fewer than 40 lines each.
    """
    assert lines_run(data) < 5_000 * 40


def lines_run(data: bytes) -> int:
    """Return how many lines and calls of Python a refusal takes."""
    count = 0

    def trace(_frame: FrameType, _event: str, _argument: object) -> Callable[..., Any]:
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    try:
        with pytest.raises(TriviumError) as refused:
            check_der(data)
    finally:
        sys.settrace(None)
    assert refused.value.kind is ErrorKind.MALFORMED
    return count


ACCEPTED = {
    "NULL": b"\x05\x00",
    "empty SEQUENCE": b"\x30\x00",
    "32 levels": nested(32),
    "5,000 values": tlv(0x30, b"\x05\x00" * 4999),
    "OBJECT IDENTIFIER of 64 bytes": tlv(0x06, b"\x2a" * 64),
    "INTEGER of 2,100 bytes": tlv(0x02, b"\x01" * 2100),
    "64 KiB": tlv(0x04, bytes(64 * 1024 - 4)),
    "context tags": tlv(0xA0, tlv(0x81, b"x") + tlv(0xA2, b"")),
    "a CSR": new_csr(dns("www.example.com")),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts_what_is_just_within_the_limits(data: bytes) -> None:
    """A limit is one too small and refuses honest requests (rule 62)."""
    check_der(data)


def test_limits_can_be_widened() -> None:
    """A caller with larger messages could not use the guard."""
    check_der(nested(40), limits=DerLimits(depth=40))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_accepted_or_malformed(data: bytes) -> None:
    """Some bytes make the guard itself fail with another exception, so a server error (rule 62)."""
    kind = outcome(data)
    assert kind is ErrorKind.MALFORMED or (kind is None and len(data) >= 2)


def outcome(data: bytes) -> ErrorKind | None:
    """Return the kind of the refusal, or None."""
    try:
        check_der(data)
    except TriviumError as error:
        return error.kind
    return None
