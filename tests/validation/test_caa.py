"""Looking for the CAA records that govern a name (RFC 8659 section 3, rule 60)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dns.flags
import dns.message
import dns.rcode
import pytest

from ca_core.model.authorizations import CaaPermission, ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import Policy
from ca_core.model.sources import Sources
from ca_core.validation.caa import Caa
from ca_core.validation.methods import build_validators
from ca_core.validation.permission import holds
from ca_core.validation.resolver import Resolver
from ca_core.validation.validator import NoCaaCheck, ValidationSettings
from conformance.loopback_dns import LoopbackDns
from tests.acme.acme_server import private_product
from tests.validation.servers import Answer, name_server

CAA = 257
NAME = "a.b.example.test"
PREFIX = "https://ca.example/acme/account/"


@pytest.fixture
def check(dns: LoopbackDns, resolver: Resolver) -> Caa:
    """The check of CAA over the loopback resolver."""
    return Caa(ValidationSettings(account_uri_prefixes=(PREFIX, "https://ca.example/other/account/")), resolver)


async def permission(check: Caa, name: str = NAME, account_id: str | None = "acc-1") -> str:
    """Ask whether ca.example may issue."""
    return await check.require(
        Identifier(type=IdentifierType.DNS, value=name),
        identities=("ca.example",),
        account_id=account_id,
        methods=frozenset({ValidationMethod.DNS_01}),
        dnssec=False,
    )


async def refusal(check: Caa, name: str = NAME, account_id: str | None = "acc-1") -> TriviumError:
    """Return why it may not."""
    with pytest.raises(TriviumError) as caught:
        await permission(check, name, account_id)
    assert caught.value.detail.isprintable()
    return caught.value


async def test_without_records_everything_is_allowed(check: Caa, dns: LoopbackDns) -> None:
    """RFC 8659 section 3: the search would stop too early, ask for the root, or ask for something else."""
    assert await permission(check) == f"no CAA records for {NAME} or above"
    assert dns.queries == [(name, CAA) for name in (NAME, "b.example.test", "example.test", "test")]


async def test_the_first_domain_with_records_governs(check: Caa, dns: LoopbackDns) -> None:
    """A parent's records would be read together with, or in place of, the child's own."""
    dns.set_caa("b.example.test", "issue", "ca.example")
    dns.set_caa("example.test", "issue", ";")
    assert await permission(check) == "CAA of b.example.test"
    error = await refusal(check, "c.example.test")
    assert error.kind is ErrorKind.CAA
    assert "The CAA records of example.test forbid" in error.detail
    assert '`example.test. CAA 0 issue "ca.example"`' in error.detail


async def test_a_wildcard_is_looked_up_without_its_star(check: Caa, dns: LoopbackDns) -> None:
    """RFC 8659 section 3: ``*.example.test`` is governed by the records of ``example.test``."""
    dns.set_caa("example.test", "issue", "ca.example")
    dns.set_caa("example.test", "issuewild", ";")
    assert await permission(check, "example.test")
    assert "issuewild" in (await refusal(check, "*.example.test")).detail
    assert dns.queries == [("example.test", CAA)] * 2


async def test_an_alias_is_followed_and_its_target_not_climbed(check: Caa, dns: LoopbackDns) -> None:
    """RFC 8659 section 3: the target's own records count, those above the target do not, those above the alias do."""
    dns.set_cname(NAME, "www.hosting.test")
    dns.set_caa("hosting.test", "issue", ";")
    assert await permission(check)
    dns.set_caa("example.test", "issue", "ca.example")
    assert await permission(check) == "CAA of example.test"
    dns.set_caa("www.hosting.test", "issue", ";")
    assert (await refusal(check)).kind is ErrorKind.CAA


async def test_a_failure_below_wins_over_permission_above(check: Caa, dns: LoopbackDns) -> None:
    """SERVFAIL would be permission: whoever can make a look-up fail could get a certificate (rules 59, 60)."""
    dns.set_caa("example.test", "issue", "ca.example")
    dns.set_servfail("b.example.test")
    error = await refusal(check)
    assert error.kind is ErrorKind.DNS
    assert "SERVFAIL about the CAA records of b.example.test" in error.detail


async def test_a_failure_above_the_governing_domain_does_not_matter(check: Caa, dns: LoopbackDns) -> None:
    """A subscriber with records of their own would depend on the name servers of their parents."""
    dns.set_caa("b.example.test", "issue", "ca.example")
    dns.set_servfail("example.test")
    assert await permission(check)


async def test_an_accounturi_names_the_account(check: Caa, dns: LoopbackDns) -> None:
    """RFC 8657 section 3: another account's order would pass, or the own one's not, whichever directory it uses."""
    for prefix in (PREFIX, "https://ca.example/other/account/"):
        dns.clear_caa("example.test")
        dns.set_caa("example.test", "issue", f"ca.example; accounturi={prefix}acc-1")
        assert await permission(check)
        for other in ("acc-2", "acc-11", "", None):
            assert "another account" in (await refusal(check, account_id=other)).detail


def answering(rcode: dns.rcode.Rcode, *names: str) -> Answer:
    """Answer so about these names, and that there are no records about others."""

    def answer(packet: bytes) -> list[bytes]:
        query = dns.message.from_wire(packet)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if query.question[0].name.to_text(omit_final_dot=True) in names:
            reply.set_rcode(rcode)
        return [reply.to_wire()]

    return answer


async def of(answer: Answer, sources: Sources, ask: Callable[[Caa], object]) -> object:
    """Ask a resolver that answers so."""
    async with name_server(answer) as address:
        return await ask(Caa(ValidationSettings(timeout=2.0), Resolver(address, sources, timeout=0.1)))  # type: ignore[misc]


async def test_a_name_that_does_not_exist_has_no_records(sources: Sources) -> None:
    """A name that exists in the order alone, as one validated by DNS may, could not be certified."""
    nothing = answering(dns.rcode.NXDOMAIN, NAME, "b.example.test", "example.test")
    assert await of(nothing, sources, permission) == f"no CAA records for {NAME} or above"


async def test_a_top_level_domain_that_does_not_exist_is_an_error(sources: Sources) -> None:
    """A resolver cut off from the root would allow everything (rule 60)."""
    nothing = answering(dns.rcode.NXDOMAIN, NAME, "b.example.test", "example.test", "test")
    error = await of(nothing, sources, refusal)
    assert isinstance(error, TriviumError)
    assert error.kind is ErrorKind.DNS
    assert "The domain name test does not exist" in error.detail


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR])
async def test_any_other_answer_is_an_error(sources: Sources, rcode: dns.rcode.Rcode) -> None:
    """A name server that knows no CAA, or refuses to say, would be permission (rule 59)."""
    error = await of(answering(rcode, "example.test"), sources, refusal)
    assert isinstance(error, TriviumError)
    assert error.kind is ErrorKind.DNS


@pytest.mark.parametrize("answer", [lambda _: [], lambda query: [query[:2] + b"\x81\x80" + query[4:] + b"x"]])
async def test_silence_and_nonsense_are_errors(sources: Sources, answer: Answer) -> None:
    """A look-up that times out would be permission (rule 59)."""
    error = await of(answer, sources, refusal)
    assert isinstance(error, TriviumError)
    assert error.kind is ErrorKind.DNS


async def test_the_whole_search_ends_in_time(sources: Sources) -> None:
    """Ten labels with slow name servers would hold an order for half a minute."""
    async with name_server(lambda _: []) as address:
        check = Caa(ValidationSettings(timeout=0.2), Resolver(address, sources, timeout=1.0))
        error = await refusal(check)
    assert error.kind is ErrorKind.DNS
    assert "took longer than 0.2 s" in error.detail


async def test_a_record_that_cannot_be_read_is_an_error(check: Caa, dns: LoopbackDns) -> None:
    """A broken record would count as none, which allows everything."""
    dns._caa["example.test"] = [b"\x80\xffissue"]
    assert (await refusal(check)).kind is ErrorKind.DNS


async def test_a_core_without_a_resolver_allows_nothing() -> None:
    """A process that forgot its resolver would take every name for allowed."""
    with pytest.raises(TriviumError) as caught:
        await NoCaaCheck().require(Identifier(type=IdentifierType.DNS, value=NAME))
    assert caught.value.kind is ErrorKind.UNAVAILABLE


def test_the_check_asks_the_validators_resolver(sources: Sources) -> None:
    """CAA would be looked up somewhere else than the gateway's settings say."""
    validators = build_validators(ValidationSettings(resolver="127.0.0.1:5353"), sources)
    assert validators.caa._resolver.name == "127.0.0.1:5353"


NOW = datetime(2030, 1, 1, tzinfo=UTC)
POLICY = replace(private_product().policy, caa_identities=("ca.example",))
FOUND = CaaPermission(at=NOW, identities=("ca.example",), dnssec=False)


@pytest.mark.parametrize(
    ("permission", "policy", "hours", "good"),
    [
        (FOUND, POLICY, 0, True),
        (FOUND, POLICY, 6.9, True),
        (FOUND, POLICY, 7, False),
        (FOUND, POLICY, -0.1, False),
        (None, POLICY, 0, False),
        (FOUND, replace(POLICY, caa_identities=("other.example",)), 0, False),
        (FOUND, replace(POLICY, caa_identities=("ca.example", "other.example")), 0, False),
        (FOUND, replace(POLICY, require_dnssec=True), 0, False),
        (replace(FOUND, dnssec=True), replace(POLICY, require_dnssec=True), 0, True),
        (replace(FOUND, dnssec=True), POLICY, 0, True),
    ],
)
def test_how_long_and_for_whom_a_permission_holds(
    permission: CaaPermission | None, policy: Policy, hours: float, *, good: bool
) -> None:
    """Rule 61: an old permission, another CA's, or one by unsigned answers would be used."""
    assert holds(permission, policy, NOW + timedelta(hours=hours)) is good
