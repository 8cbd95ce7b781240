"""What is read of a DNS answer, against dnspython's reading of the same packet (RFC 1035 section 4.1, rule 58)."""

import contextlib
from ipaddress import IPv4Address

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_core.validation.dns_answer import Answer, name_text, parse_answer

NAME = "www.Example.test."
QUERY = dns.message.make_query(NAME, "A", id=0x1234, use_edns=True)
BEHIND_QUESTION = len(QUERY.to_wire()) - 11  # the query ends with an OPT record


def packet(*answer: str, authority: str = "example.test. SOA ns.example.test. me.example.test. 1 2 3 4 5") -> bytes:
    """Return an answer to QUERY with these records (``name type value``)."""
    response = dns.message.make_response(QUERY, recursion_available=True)
    for section, records in ((response.answer, answer), (response.authority, (authority,))):
        for record in records:
            owner, rtype, value = record.split(" ", 2)
            section.append(dns.rrset.from_text(owner, 1, "IN", rtype, value))
    return response.to_wire()


CHAIN = packet(f"{NAME} CNAME a.test.", "A.test. CNAME b\\.c.www.example.test.", "b\\.c.www.example.TEST. A 192.0.2.1")
ADDRESSES = packet(f"{NAME} A 192.0.2.1", "WWW.example.test. A 192.0.2.2", "stray.test. A 10.0.0.1")


def parsed(wire: bytes) -> Answer[IPv4Address]:
    """Parse an answer about A records."""
    return parse_answer(wire, dns.rdatatype.A, IPv4Address)


def seen_by_us(wire: bytes) -> tuple[list[str], list[str]]:
    """Return the targets of the chain, and the addresses at its end."""
    answer = parsed(wire)
    question, _ = dns.name.from_wire(wire, 12)
    chain = answer.chain(question.to_wire() or b"")
    return [name_text(name) for name in chain[1:]], [str(a) for a in answer.records.get(chain[-1].lower(), ())]


def seen_by_dnspython(wire: bytes) -> tuple[list[str], list[str]]:
    """Return the same as dnspython sees it."""
    chain = dns.message.from_wire(wire).resolve_chaining()  # type: ignore[attr-defined]
    return [rdata.target.to_text() for rrset in chain.cnames for rdata in rrset], [
        a.address for a in chain.answer or ()
    ]


def test_chain_and_records_are_read() -> None:
    """A name behind CNAMEs could not be validated, or a stray record would count as its own."""
    assert seen_by_us(CHAIN) == (["a.test.", "b\\.c.www.Example.test."], ["192.0.2.1"]) == seen_by_dnspython(CHAIN)
    assert seen_by_us(ADDRESSES) == ([], ["192.0.2.1", "192.0.2.2"]) == seen_by_dnspython(ADDRESSES)


@pytest.mark.parametrize("cut", range(12, len(CHAIN)))
def test_a_cut_packet_is_no_answer(cut: int) -> None:
    """A part of an answer would be taken for the whole."""
    with pytest.raises(dns.exception.FormError):
        parsed(CHAIN[:cut])


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(CHAIN + b"\0", id="something after the last record"),
        pytest.param(CHAIN[:2] + bytes([CHAIN[2] | 0x28]) + CHAIN[3:], id="not a query's opcode"),
        pytest.param(CHAIN[:4] + b"\0\2" + CHAIN[6:], id="two questions"),
        pytest.param(CHAIN[:12] + b"\xc0\x0c" + CHAIN[14:], id="a name that points to itself"),
        pytest.param(CHAIN[:12] + b"\xc0\xff" + CHAIN[14:], id="a name that points ahead"),
        pytest.param(CHAIN[:12] + b"\x80" + CHAIN[13:], id="a label of an unknown type"),
        pytest.param(CHAIN[:12] + b"\x3f" + b"x" * 300, id="a name without end"),
        pytest.param(CHAIN[:12] + (b"\x3f" + b"x" * 63) * 4 + CHAIN[12:], id="a name of more than 255 bytes"),
    ],
)
def test_what_breaks_the_format_is_no_answer(wire: bytes) -> None:
    """A packet that two readers read differently, or that keeps one reading for ever, would decide a validation."""
    with pytest.raises(dns.exception.FormError):
        parsed(wire)


def test_the_extended_rcode_counts() -> None:
    """An error whose low bits are zero, such as BADVERS, would be taken for success (RFC 6891 section 6.1.3)."""
    response = dns.message.make_response(QUERY)
    response.set_rcode(dns.rcode.BADVERS)
    assert parsed(response.to_wire()).rcode == dns.rcode.BADVERS


def test_an_address_of_another_length_is_no_answer() -> None:
    """Sixteen bytes in an A record would be dialled as an IPv6 address."""
    a, aaaa = (int(rdtype).to_bytes(2) for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA))
    ttl = b"\0\1\0\0\0\1"
    wire = packet(f"{NAME} AAAA 2001:db8::1").replace(aaaa + ttl, a + ttl)
    with pytest.raises(ValueError, match="16"):
        parsed(wire)


def test_a_loop_is_refused() -> None:
    """A loop of CNAMEs within one answer would hold a validation for ever."""
    with pytest.raises(dns.exception.FormError):
        seen_by_us(packet(f"{NAME} CNAME a.test.", f"a.test. CNAME {NAME}"))


@settings(max_examples=300)
@given(st.sampled_from([CHAIN, ADDRESSES]), st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_a_mutated_packet_is_read_as_dnspython_reads_it(wire: bytes, position: int, mutation: bytes) -> None:
    """A malformed packet would crash a validation, or be read as something else than it says (rule 58)."""
    position = BEHIND_QUESTION + position % (len(wire) - BEHIND_QUESTION)
    mutated = wire[:position] + mutation + wire[position + len(mutation) :]
    with contextlib.suppress(dns.exception.DNSException, ValueError):
        theirs = seen_by_dnspython(mutated)
        assert seen_by_us(mutated) == theirs
