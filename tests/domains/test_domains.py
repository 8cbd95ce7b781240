"""Pre-validated domains: registered, shown once in the DNS, and taken back; for one Client and nobody else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from ca_core.core import Core
from ca_core.model.audit import Outcome
from ca_core.model.domains import DomainStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.validation import domains
from ca_core.validation.domains import reuse_ends
from tests.domains.registry import Registry, publish, user


async def test_a_domain_is_shown_once_and_stays_shown(registry: Registry) -> None:
    """Rule 65: a registered domain would have no token, or control would come from nowhere or end at once."""
    [domain] = await registry.register("Example.test")
    now = registry.clock.now()
    assert (domain.name, domain.status_at(now)) == ("example.test", DomainStatus.PENDING)
    assert domain.id.startswith("cld-")
    assert domain.token is not None
    assert domain.token.expires_at == now + timedelta(days=30)
    publish(registry.dns, domain)
    shown = await domains.validate_now(registry.core, domain.id, registry.user)
    assert (shown.status_at(now), shown.validated_at) == (DomainStatus.VALID, now)
    assert await domains.get(registry.core, domain.id, registry.user) == shown
    assert await domains.listing(registry.core, registry.client_id, registry.user) == [shown]
    validated = (await registry.audit(domain.id))[-1]
    assert (validated.action, validated.outcome) == ("domain.validate", Outcome.SUCCESS)
    assert validated.details["method"] == "ca-dns-change"
    assert validated.details["resolver"] == registry.dns.dns
    assert "TXT _trivium-challenge.example.test" in validated.details["detail"]
    assert shown.valid_until is not None
    registry.clock.time = shown.valid_until
    assert shown.status_at(registry.clock.now()) is DomainStatus.EXPIRED


async def test_the_token_may_stand_under_the_domain_itself(registry: Registry) -> None:
    """BR 3.2.2.4.7 allows both places, and whoever has scripted one of them would be refused."""
    [domain] = await registry.register("example.test")
    publish(registry.dns, domain, prefix="")
    registry.dns.set_servfail("_trivium-challenge.example.test")
    shown = await domains.validate_now(registry.core, domain.id, registry.user)
    assert shown.valid_at(registry.clock.now())


async def test_what_is_not_the_token_shows_nothing_and_says_why(registry: Registry) -> None:
    """Rule 58: part of the token, or another's, would show control; or nobody would learn what is wrong."""
    [domain] = await registry.register("example.test")
    assert domain.token is not None
    for wrong in (domain.token.value[:-1], f"{domain.token.value}x", "v=spf1 -all\n\x1b[31m"):
        registry.dns.set_txt("example.test", wrong)
    looked = await domains.validate_now(registry.core, domain.id, registry.user)
    assert looked.status_at(registry.clock.now()) is DomainStatus.PENDING
    assert "_trivium-challenge.example.test" in looked.result
    assert looked.result.isprintable()
    assert (await registry.audit(domain.id))[-1].outcome is Outcome.FAILED
    registry.dns.set_servfail("example.test")
    registry.dns.set_servfail("_trivium-challenge.example.test")
    looked = await domains.validate_now(registry.core, domain.id, registry.user)
    assert "SERVFAIL" in looked.result
    assert not looked.valid_at(registry.clock.now())


async def test_a_token_ends_after_thirty_days(registry: Registry) -> None:
    """Rule 65: a token of last year would show control for whoever has left the domain since."""
    [domain] = await registry.register("example.test")
    publish(registry.dns, domain)
    registry.clock.advance(days=30)
    assert domain.status_at(registry.clock.now()) is DomainStatus.EXPIRED
    with pytest.raises(TriviumError) as refused:
        await domains.validate_now(registry.core, domain.id, registry.user)
    assert refused.value.kind is ErrorKind.NOT_READY
    assert registry.dns.queries == []
    renewed = await domains.reset_token(registry.core, domain.id, registry.user)
    publish(registry.dns, renewed)
    shown = await domains.validate_now(registry.core, domain.id, registry.user)
    assert shown.valid_at(registry.clock.now())


async def test_a_token_that_was_reset_or_deleted_shows_nothing(registry: Registry) -> None:
    """What was given up would still show control; and what is shown must stay so."""
    [domain] = await registry.register("example.test")
    publish(registry.dns, domain)
    renewed = await domains.reset_token(registry.core, domain.id, registry.user)
    assert renewed.token != domain.token
    looked = await domains.validate_now(registry.core, domain.id, registry.user)
    assert not looked.valid_at(registry.clock.now())
    without = await domains.delete_token(registry.core, domain.id, registry.user)
    assert (without.token, without.status_at(registry.clock.now())) == (None, DomainStatus.NOT_VALIDATED)
    with pytest.raises(TriviumError, match="reset it"):
        await domains.validate_now(registry.core, domain.id, registry.user)
    shown = await registry.shown("other.test")
    kept = await domains.delete_token(registry.core, shown.id, registry.user)
    assert kept.status_at(registry.clock.now()) is DomainStatus.VALID


async def test_a_look_at_what_was_changed_meanwhile_is_not_recorded(registry: Registry) -> None:
    """A token deleted, or a domain deleted, during the look-up would be shown all the same."""
    for change in (domains.reset_token, domains.delete_token):
        [domain] = await registry.register("example.test")
        publish(registry.dns, domain)
        changed = await change(registry.core, domain.id, registry.user)
        assert await domains.look(registry.core, domain, registry.user) is None
        assert await domains.get(registry.core, domain.id, registry.user) == changed
        await domains.delete(registry.core, domain.id, registry.user)
        assert await domains.look(registry.core, domain, registry.user) is None


async def test_many_looks_at_once_end_as_one(registry: Registry) -> None:
    """Two requests at once would fail each other, or record what the other one saw over it."""
    [domain] = await registry.register("example.test")
    publish(registry.dns, domain)
    looked = await asyncio.gather(*(domains.validate_now(registry.core, domain.id, registry.user) for _ in range(10)))
    assert all(one.valid_at(registry.clock.now()) for one in looked)
    successes = [one for one in await registry.audit(domain.id) if one.action == "domain.validate"]
    assert len(successes) == 1


async def test_registering_a_name_again_changes_nothing(registry: Registry) -> None:
    """A script that runs twice would throw away a token that stands in the DNS already."""
    [first] = await registry.register("example.test")
    again = await registry.register("EXAMPLE.test", "b.test", "example.test")
    assert [one.name for one in again] == ["example.test", "b.test"]
    assert again[0] == first
    theirs = await domains.register(registry.core, registry.other_id, ["example.test"], registry.stranger)
    assert theirs[0].token != first.token


async def test_international_names_come_in_either_form(registry: Registry) -> None:
    """People write a name as they see it; it must be one domain, shown in both forms."""
    unicode, ascii_form = await registry.register("bücher.example.ch", "xn--mgbh0fb.example.ch")
    assert (unicode.name, unicode.unicode_name) == ("xn--bcher-kva.example.ch", "bücher.example.ch")
    assert ascii_form.unicode_name == "مثال.example.ch"


@pytest.mark.parametrize(
    "name",
    [
        *("co.uk", "com", "ck", "test", "*.example.com", "a_b.example.com", "192.0.2.1", "example.com.", ""),
        *("2.0.192.in-addr.arpa", "xn--a.example", "ex ample.com", "a.*.com", "\x00.example.com", "é" * 300),
        *("example.com\n", "home.arpa"),
    ],
)
async def test_what_is_no_domain_of_anybody_is_not_registered(registry: Registry, name: str) -> None:
    """Rule 63: a public suffix or a reverse zone would serve names of everybody below it."""
    with pytest.raises(TriviumError) as refused:
        await registry.register("good.example.com", name)
    assert refused.value.kind is ErrorKind.IDENTIFIER_REJECTED
    assert await domains.listing(registry.core, registry.client_id, registry.user) == []


@pytest.mark.parametrize("count", [0, domains.MAX_AT_ONCE + 1])
async def test_none_and_too_many_are_refused(registry: Registry, count: int) -> None:
    """One request would fill the table."""
    with pytest.raises(TriviumError) as refused:
        await registry.register(*(f"{number}.test" for number in range(count)))
    assert refused.value.kind is ErrorKind.MALFORMED


_COMMANDS: list[Callable[[Core, str, Principal], Awaitable[object]]] = [
    domains.get,
    domains.validate_now,
    domains.reset_token,
    domains.delete_token,
    domains.delete,
]


@pytest.mark.parametrize("command", _COMMANDS)
async def test_nobody_sees_another_clients_domain(
    registry: Registry, command: Callable[[Core, str, Principal], Awaitable[object]]
) -> None:
    """Rule 45, abuse 46: another Client's id would work; and it must read as an id that does not exist."""
    domain = await registry.shown("example.test")
    account = Principal(kind=PrincipalKind.ACME_ACCOUNT, id="acc-1", client_id=registry.client_id)
    for principal, domain_id in (
        (registry.stranger, domain.id),
        (account, domain.id),
        (registry.user, "cld-00000000-0000-0000-0000-000000000000"),
    ):
        with pytest.raises(TriviumError) as refused:
            await command(registry.core, domain_id, principal)
        assert (refused.value.kind, refused.value.detail) == (
            ErrorKind.NOT_FOUND,
            "There is no such domain here; check its id or URL.",
        )
    with pytest.raises(TriviumError) as refused:
        await command(registry.core, domain.id, user(registry.client_id, Permission.ORDER_VIEW))
    assert refused.value.kind is ErrorKind.FORBIDDEN
    assert await domains.get(registry.core, domain.id, registry.user) == domain


async def test_nobody_registers_for_or_lists_another_client(registry: Registry) -> None:
    """Rule 45: the Client of the request would count in place of the user's own."""
    for principal in (registry.stranger, Principal(kind=PrincipalKind.ANONYMOUS, id="anonymous")):
        for command in (
            domains.register(registry.core, registry.client_id, ["a.test"], principal),
            domains.listing(registry.core, registry.client_id, principal),
        ):
            with pytest.raises(TriviumError) as refused:
                await command
            assert refused.value.kind is ErrorKind.NOT_FOUND
    viewer = user(registry.client_id, Permission.DOMAIN_VIEW)
    with pytest.raises(TriviumError) as refused:
        await domains.register(registry.core, registry.client_id, ["a.test"], viewer)
    assert refused.value.kind is ErrorKind.FORBIDDEN
    assert await domains.listing(registry.core, registry.client_id, viewer) == []


@pytest.mark.parametrize(
    ("shown_at", "end"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 17, tzinfo=UTC)),
        (datetime(2026, 11, 30, tzinfo=UTC), datetime(2027, 3, 15, tzinfo=UTC)),
        (datetime(2027, 1, 15, tzinfo=UTC), datetime(2027, 4, 25, tzinfo=UTC)),
        (datetime(2029, 1, 1, tzinfo=UTC), datetime(2029, 3, 15, tzinfo=UTC)),
        (datetime(2029, 3, 10, tzinfo=UTC), datetime(2029, 3, 20, tzinfo=UTC)),
        (datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 11, tzinfo=UTC)),
    ],
)
def test_how_long_control_is_used_again(shown_at: datetime, end: datetime) -> None:
    """Rule 15: 200, 100 and 10 days, whichever binds on the day of the issuance."""
    assert reuse_ends(shown_at) == end
