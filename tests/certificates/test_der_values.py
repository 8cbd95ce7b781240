"""DER values read and written by hand, beside what the libraries make of them."""

from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from ca_core.certificates.der import check_der
from ca_core.certificates.der_values import (
    OCTET_STRING,
    SEQUENCE,
    SET,
    algorithm_in,
    content_of,
    identifier_in,
    integer,
    number_in,
    object_identifier,
    optional,
    sequence,
    set_of,
    tlv,
    values_in,
)

OCTETS = st.lists(st.one_of(st.binary(max_size=200), st.binary(min_size=120, max_size=140)), max_size=8)
ARCS = st.tuples(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 28), max_size=6))


@given(OCTETS)
def test_a_sequence_is_what_the_library_says(values: list[bytes]) -> None:
    """An answer could not be read, or a part of a message would be taken for another."""
    der = sequence(*(tlv(OCTET_STRING, value) for value in values))
    check_der(der)
    assert der == core.SequenceOf([core.OctetString(value) for value in values], spec=core.OctetString).dump()
    assert [content_of(one, OCTET_STRING) for one in values_in(der)] == values


@given(OCTETS)
def test_a_set_is_sorted_as_der_wants_it(values: list[bytes]) -> None:
    """X.690 section 11.6: a signature over attributes in another order verifies nowhere."""
    der = set_of(tlv(OCTET_STRING, value) for value in values)
    assert der == core.SetOf([core.OctetString(value) for value in values], spec=core.OctetString).dump()
    assert sorted(content_of(one, OCTET_STRING) for one in values_in(der, SET)) == sorted(values)


@given(st.integers(0, 1 << 200))
def test_an_integer_is_the_number(number: int) -> None:
    """A serial number with its first bit set would be negative."""
    der = integer(number)
    assert der == core.Integer(number).dump()
    assert number_in(der) == number
    assert number_in(core.Integer(-number).dump()) == -number


@given(ARCS)
def test_an_object_identifier_is_its_arcs(arcs: tuple[int, int, list[int]]) -> None:
    """A control would be taken for another."""
    first, second, further = arcs
    dotted = ".".join(map(str, (first, second, *further, 1)))
    der = object_identifier(dotted)
    assert der == core.ObjectIdentifier(dotted).dump()
    assert identifier_in(der) == dotted


@pytest.mark.parametrize(
    "read",
    [
        lambda: values_in(tlv(SET, b"")),
        lambda: content_of(b"", SEQUENCE),
        lambda: number_in(tlv(OCTET_STRING, b"\x01")),
        lambda: identifier_in(integer(1)),
        lambda: identifier_in(b"\x06\x02\x80\x01"),
        lambda: optional([tlv(0xA1, b""), tlv(0xA0, b"")], 0xA0, 0xA1),
        lambda: optional([integer(1)], 0xA0),
        lambda: algorithm_in(sequence(object_identifier("1.2.3"), tlv(0x05, b""), tlv(0x05, b""))),
        lambda: algorithm_in(sequence()),
    ],
    ids=[
        "tag",
        "nothing",
        "no number",
        "no identifier",
        "padded arc",
        "order",
        "surplus",
        "two parameters",
        "no algorithm",
    ],
)
def test_what_the_syntax_does_not_say_is_refused(read: Callable[[], Any]) -> None:
    """What a peer sends would be read as something else than it is."""
    with pytest.raises(ValueError, match=r".+"):
        read()


def test_an_algorithm_is_its_type_and_one_parameter() -> None:
    """The parameters of RSASSA-PSS would be lost, or an implicit tag not be looked at."""
    kind, parameters = object_identifier("1.2.3"), sequence(integer(32))
    assert algorithm_in(sequence(kind)) == ("1.2.3", b"")
    assert algorithm_in(sequence(kind, parameters)) == ("1.2.3", parameters)
    assert algorithm_in(tlv(0xA1, kind + parameters), 0xA1) == ("1.2.3", parameters)


def test_what_is_optional_is_found_by_its_tag() -> None:
    """The CRLs of a message would be taken for its certificates."""
    certificates, crls = tlv(0xA0, b""), tlv(0xA1, b"")
    assert optional([certificates, crls], 0xA0, 0xA1) == [certificates, crls]
    assert optional([crls], 0xA0, 0xA1) == [None, crls]
    assert optional([], 0xA0, 0xA1) == [None, None]
