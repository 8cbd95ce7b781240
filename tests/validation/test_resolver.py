"""Rules 58 and 59: DNS look-ups, and every way a name server can fail or lie."""

import time
from collections.abc import Callable
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Sources
from ca_core.validation.resolver import Resolver
from conformance.loopback_dns import LoopbackDns
from tests.validation.servers import Answer, name_server

NAME = "www.example.test"


def answering(*records: str, flags: int = 0, rcode: int = 0) -> Callable[[bytes], bytes]:
    """Return a function from a query to a packet with these records (``name type value``)."""

    def answer(query: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(query), recursion_available=True)
        response.set_rcode(dns.rcode.Rcode.make(rcode))
        response.flags |= flags
        for record in records:
            owner, rtype, value = record.split(" ", 2)
            rrset = dns.rrset.from_text(owner, 1, "IN", rtype, value)
            response.answer.append(rrset)
        return response.to_wire(max_size=65535)

    return answer


def once(answer: Callable[[bytes], bytes]) -> Answer:
    """Send one packet for each query."""
    return lambda query: [answer(query)]


A = answering(f"{NAME}. A 192.0.2.1")
ADDRESS = (ip_address("192.0.2.1"),)


async def test_ipv6_comes_first_and_both_families_are_returned(dns: LoopbackDns, resolver: Resolver) -> None:
    """A dual-stack host would not be tried over IPv6 first (rule 57)."""
    dns.set_a(NAME, ["192.0.2.1", "192.0.2.2"])
    dns.set_aaaa(NAME, ["2001:db8::1"])
    found = await resolver.addresses(NAME)
    assert [str(address) for address in found.addresses] == ["2001:db8::1", "192.0.2.1", "192.0.2.2"]
    assert sorted(dns.queries) == [(NAME, 1), (NAME, 28)]


async def test_nothing_is_cached_between_look_ups(dns: LoopbackDns, resolver: Resolver) -> None:
    """A later validation would rest on an earlier one's answer (abuse 12)."""
    assert (await resolver.addresses(NAME)).addresses == (ip_address("127.0.0.1"),)
    dns.set_a(NAME, ["192.0.2.1"])
    assert (await resolver.addresses(NAME)).addresses == ADDRESS


async def test_a_wrong_id_before_the_answer_is_ignored(sources: Sources) -> None:
    """Whoever guesses our port could answer with any id, or stop a validation with a packet (RFC 5452 section 9.1)."""

    def answer(query: bytes) -> list[bytes]:
        forged = answering(f"{NAME}. A 10.0.0.1")(query)
        return [bytes([forged[0] ^ 1]) + forged[1:], b"", b"\x00", query, A(query)]

    async with name_server(answer) as address:
        assert (await Resolver(address, sources, timeout=0.5).addresses(NAME)).addresses == ADDRESS


async def test_an_answer_to_another_question_is_ignored(sources: Sources) -> None:
    """An answer about another name, under the right id, would be taken for ours (RFC 5452 section 4.2)."""

    def answer(query: bytes) -> list[bytes]:
        other = dns.message.make_query("evil.example.test", "A", id=int.from_bytes(query[:2])).to_wire()
        return [answering("evil.example.test. A 10.0.0.1")(other), A(query)]

    async with name_server(answer) as address:
        assert (await Resolver(address, sources, timeout=0.5).addresses(NAME)).addresses == ADDRESS


async def test_each_try_has_its_own_id_and_port(sources: Sources) -> None:
    """An off-path attacker would have to guess less than id and port of each query (RFC 5452 section 10)."""
    ids: set[bytes] = set()
    ports: set[int] = set()

    def silent(query: bytes) -> list[bytes]:
        ids.add(query[:2])
        return []

    async with name_server(silent, peers=ports) as address:
        for _ in range(2):
            with pytest.raises(TriviumError, match="within 3 tries"):
                await Resolver(address, sources, timeout=0.02).texts(NAME)
    assert len(ids) > 3
    assert len(ports) > 3


async def test_a_dropped_query_is_sent_three_times_and_no_more(sources: Sources) -> None:
    """A lost packet would fail a validation, or a silent server would hold it for ever (rule 59)."""
    seen: list[bytes] = []

    def lossy(query: bytes) -> list[bytes]:
        seen.append(query)
        return [answering(f"{NAME}. TXT here")(query)] if len(seen) % 3 == 0 else []

    async with name_server(lossy) as address:
        assert (await Resolver(address, sources, timeout=0.05).texts(NAME)).records == (b"here",)
    assert len(seen) == 3
    seen.clear()

    def silent(query: bytes) -> list[bytes]:
        seen.append(query)
        return []

    async with name_server(silent) as address:
        started = time.monotonic()
        with pytest.raises(TriviumError, match=r"within 3 tries of 0\.05 s") as caught:
            await Resolver(address, sources, timeout=0.05).texts(NAME)
        assert time.monotonic() - started < 1
    assert caught.value.kind is ErrorKind.DNS
    assert len(seen) == 3


@pytest.mark.parametrize("rcode", [1, 2, 4, 5, 9, 16], ids=dns.rcode.to_text)
async def test_an_error_of_the_resolver_fails_at_once(sources: Sources, rcode: int) -> None:
    """SERVFAIL, which also stands for a bogus signature, would be taken for permission or asked again (rule 59)."""
    seen: list[bytes] = []

    def answer(query: bytes) -> list[bytes]:
        seen.append(query)
        return [answering(f"{NAME}. TXT here", rcode=rcode)(query)]

    async with name_server(answer) as address:
        with pytest.raises(TriviumError, match=dns.rcode.to_text(dns.rcode.Rcode.make(rcode))) as caught:
            await Resolver(address, sources).texts(NAME)
    assert caught.value.kind is ErrorKind.DNS
    assert len(seen) == 1


async def test_nxdomain_says_that_the_name_does_not_exist(sources: Sources) -> None:
    """A user with a mistyped name would not be told so."""
    async with name_server(once(answering(rcode=3))) as address:
        with pytest.raises(TriviumError, match=f"{NAME} does not exist"):
            await Resolver(address, sources).addresses(NAME)


async def test_a_name_without_addresses_says_so(dns: LoopbackDns, resolver: Resolver) -> None:
    """A user whose name has neither A nor AAAA would not be told which records to add."""
    dns.set_a(NAME, [])
    with pytest.raises(TriviumError, match="neither an A nor an AAAA record") as caught:
        await resolver.addresses(NAME)
    assert caught.value.kind is ErrorKind.DNS


async def test_one_failing_family_does_not_hide_the_other(sources: Sources) -> None:
    """A name server that answers AAAA with an error, as many do, would stop validations over IPv4."""

    def answer(query: bytes) -> list[bytes]:
        is_a = dns.message.from_wire(query).question[0].rdtype == 1
        return [A(query) if is_a else answering(rcode=2)(query)]

    async with name_server(answer) as address:
        assert (await Resolver(address, sources).addresses(NAME)).addresses == ADDRESS


async def test_a_truncated_answer_is_fetched_over_tcp(sources: Sources) -> None:
    """An answer too large for UDP would be lost or used in part (rule 58)."""
    records = " ".join(f'"{"x" * 40}{number}"' for number in range(4))
    full = once(answering(f"{NAME}. TXT {records}"))
    async with name_server(once(answering(flags=int(dns.flags.TC))), full) as address:
        found = await Resolver(address, sources).texts(NAME)
    assert found.records == (b"".join(f"{'x' * 40}{number}".encode() for number in range(4)),)


async def test_a_failing_tcp_fallback_is_a_failure(sources: Sources) -> None:
    """A truncated answer without TCP would be used as it is, or crash."""
    truncated = once(answering(f"{NAME}. TXT here", flags=int(dns.flags.TC)))
    async with name_server(truncated) as address:
        with pytest.raises(TriviumError, match="no usable answer") as caught:
            await Resolver(address, sources).texts(NAME)
    assert caught.value.kind is ErrorKind.DNS
    for tcp in (
        once(lambda _: bytes(60_000)),
        once(lambda _: b"\x00"),
        once(lambda query: A(query[:1] + b"\xff\xff" + query[3:])),
    ):
        async with name_server(truncated, tcp) as address:
            with pytest.raises(TriviumError, match="no usable answer"):
                await Resolver(address, sources, timeout=0.3).texts(NAME)


async def test_a_cname_chain_in_the_answer_is_followed(sources: Sources) -> None:
    """A name behind CNAMEs could not be validated, or the way would not be recorded (abuse 11)."""
    chain = answering(f"{NAME}. CNAME a.test.", "a.test. CNAME b.test.", "b.test. TXT here", flags=int(dns.flags.AD))
    async with name_server(once(chain)) as address:
        found = await Resolver(address, sources).texts(NAME)
    assert found.records == (b"here",)
    assert found.aliases == ("a.test.", "b.test.")
    assert found.authenticated


async def test_a_cname_that_the_resolver_did_not_chase_is_asked_for(sources: Sources) -> None:
    """A CNAME to another zone, delivered alone, would look like a name without records (rule 58)."""

    def answer(query: bytes) -> list[bytes]:
        name = str(dns.message.from_wire(query).question[0].name)
        if name == f"{NAME}.":
            return [answering(f"{NAME}. CNAME other.test.", flags=int(dns.flags.AD))(query)]
        return [answering("other.test. TXT here")(query)]

    async with name_server(answer) as address:
        found = await Resolver(address, sources).texts(NAME)
    assert found.records == (b"here",)
    assert not found.authenticated


async def test_cname_loops_end(sources: Sources) -> None:
    """A loop, within one answer or over many, would hold a validation for ever (rule 58)."""
    looped = answering(f"{NAME}. CNAME a.test.", f"a.test. CNAME {NAME}.")
    async with name_server(once(looped)) as address:
        with pytest.raises(TriviumError, match="CNAME"):
            await Resolver(address, sources).texts(NAME)
    seen: list[bytes] = []

    def endless(query: bytes) -> list[bytes]:
        seen.append(query)
        name = str(dns.message.from_wire(query).question[0].name)
        return [answering(f"{name} CNAME {len(seen)}.test.")(query)]

    async with name_server(endless) as address:
        with pytest.raises(TriviumError, match="CNAME"):
            await Resolver(address, sources).texts(NAME)
    assert len(seen) == 8


async def test_records_beside_the_chain_do_not_count(sources: Sources) -> None:
    """A resolver's stray records about another name would become the answer."""
    async with name_server(once(answering("stray.test. A 10.0.0.1", f"{NAME}. TXT here"))) as address:
        with pytest.raises(TriviumError, match="neither an A"):
            await Resolver(address, sources).addresses(NAME)


async def test_two_hundred_records_pass_and_three_hundred_do_not(dns: LoopbackDns, resolver: Resolver) -> None:
    """Many records are usual while names share a challenge zone; without a bound they would cost us time (rule 58)."""
    for number in range(200):
        dns.set_txt(NAME, f"{number:043}")
    assert len((await resolver.texts(NAME)).records) == 200
    for number in range(200, 300):
        dns.set_txt(NAME, f"{number:043}")
    with pytest.raises(TriviumError, match="more than 256 TXT records"):
        await resolver.texts(NAME)


async def test_nobody_at_the_resolver_fails_with_a_sentence(sources: Sources) -> None:
    """A wrong resolver setting would end in a crash instead of a problem."""
    async with name_server(once(A)) as address:
        pass
    with pytest.raises(TriviumError, match=r"no usable answer|within 3 tries") as caught:
        await Resolver(address, sources, timeout=0.05).addresses(NAME)
    assert caught.value.kind is ErrorKind.DNS


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", "a." * 130 + "test"])
async def test_an_impossible_name_is_refused(resolver: Resolver, name: str) -> None:
    """A name beyond RFC 1035's limits would raise something that is no problem document."""
    with pytest.raises(TriviumError, match="not a domain name") as caught:
        await resolver.texts(name)
    assert caught.value.kind is ErrorKind.DNS


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("127.0.0.1:8053", "127.0.0.1:8053"),
        ("127.0.0.1", "127.0.0.1:53"),
        ("[::1]:8053", "[::1]:8053"),
        ("[::1]", "[::1]:53"),
    ],
)
def test_the_resolver_setting_is_read(sources: Sources, setting: str, name: str) -> None:
    """The setting ``validation.resolver`` would lead somewhere else than it says."""
    assert Resolver(setting, sources).name == name


@pytest.mark.parametrize("setting", ["localhost:53", "127.0.0.1:x", ":53", "127.0.0.1:53:53", "127.0.0.1:99999"])
def test_a_wrong_resolver_setting_is_refused(sources: Sources, setting: str) -> None:
    """A mistyped ``validation.resolver`` would show only at the first validation."""
    with pytest.raises(TriviumError, match="is not an IP address with a port") as caught:
        Resolver(setting, sources)
    assert caught.value.kind is ErrorKind.MALFORMED
