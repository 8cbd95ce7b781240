"""Orders that wait for control of their names, and run on by themselves once it is shown: exactly once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ca_core.access.suspension import suspend_client
from ca_core.core import Core
from ca_core.model.audit import AuditRecord, Outcome
from ca_core.model.authorizations import ValidationMethod
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.jobs import Job, JobState, JobType, TimerType
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Road
from ca_core.model.rate_limits import Limit, Rate, RateLimits
from ca_core.orders import maintenance, pending_names, pending_validation, worker
from ca_core.orders.enrol import enrol, resume
from ca_core.orders.root_job import root_job_id
from ca_core.validation import domains
from tests.domains.registry import Registry, publish, user
from tests.orders.workshop import CONSOLE, csr


async def root(registry: Registry, order: Order) -> Job:
    """Return the order's own job."""
    found = await registry.core.store.read(lambda tx: tx.jobs.get(root_job_id(order.id)))
    assert found is not None
    return found


async def test_an_order_says_what_it_waits_for(registry: Registry) -> None:
    """Whoever ordered would not know what to put where, or until when (rules 65 and 66)."""
    order = await registry.order("www.example.com", "*.example.com", "example.org")
    assert order.state is OrderState.NEW
    assert order.expires_at == registry.clock.now() + timedelta(days=30)
    found = await registry.pending(order)
    ways = {name: [way.method for way in one.ways] for name, one in found.items()}
    both = [ValidationMethod.CA_DNS_CHANGE, ValidationMethod.CA_WEBSITE_CHANGE]
    assert ways == {"www.example.com": both, "*.example.com": both[:1], "example.org": both}
    dns, page = found["example.org"].ways
    assert dns.places == ("_trivium-challenge.example.org", "example.org")
    assert page.places[0].startswith("http://example.org/.well-known/pki-validation/")
    assert page.value not in page.places[0], "BR 3.2.2.4.18: the value is not part of the request"
    assert found["*.example.com"].ways[0].places[0] == "_trivium-challenge.example.com"
    assert len({way.value for one in found.values() for way in one.ways}) == 5
    assert {one.expires_at for one in found.values()} == {order.expires_at}
    by_client = (await pending_names.search(registry.core, registry.user, client_id=registry.client_id, limit=10)).names
    assert {one.name.value for one in by_client} == set(found)
    job = await root(registry, order)
    assert (job.state, job.waiting_for) == (JobState.WAITING, "control of every identifier")


async def test_the_last_name_that_is_shown_issues_the_certificate(registry: Registry) -> None:
    """An order would be issued too early, or wait although all is shown."""
    order = await registry.order("example.com", "example.org")
    found = await registry.pending(order)
    registry.show(found["example.com"])
    left = await pending_validation.validate(registry.core, order.id, registry.user)
    assert [one.name.value for one in left] == ["example.org"]
    await registry.work()
    assert (await registry.current(order)).state is OrderState.NEW
    assert (await root(registry, order)).state is JobState.WAITING
    page = found["example.org"].ways[1]
    registry.pages[page.places[0].removeprefix("http://example.org")] = page.value.encode()
    assert await pending_validation.validate(registry.core, order.id, registry.user) == []
    await registry.work()
    assert await registry.issued(order)
    records = [one for one in await registry.audit(order.id) if one.action == "order.submit"]
    assert [one.actor for one in records] == [registry.user.actor], "it runs on in its requester's name"
    jobs = await registry.core.store.read(lambda tx: tx.jobs.of_order(order.id))
    assert {job.state for job in jobs} == {JobState.SUCCESS}


async def test_a_look_that_finds_nothing_leaves_the_order_waiting(registry: Registry) -> None:
    """One early look would end an order while somebody else has yet to change the DNS, and not say what it saw."""
    order = await registry.order("example.com")
    registry.dns.set_txt("example.com", "v=spf1 -all")
    for looks in (1, 2):
        [left] = await pending_validation.validate(registry.core, order.id, registry.user)
        assert left.looks == looks
        assert left.looked_at == registry.clock.now()
        assert left.next_look_at == registry.clock.now() + timedelta(hours=1)
        errors = {way.method: way.error for way in left.ways}
        dns, page = errors[ValidationMethod.CA_DNS_CHANGE], errors[ValidationMethod.CA_WEBSITE_CHANGE]
        assert dns is not None
        assert page is not None
        assert "v=spf1" in dns.detail
        assert "404" in page.detail
    failed = [one for one in await _challenge_audit(registry, order) if one.outcome is Outcome.FAILED]
    assert {one.actor for one in failed} == {registry.user.actor}
    registry.show(left)
    await pending_validation.validate(registry.core, order.id, registry.user)
    await registry.work()
    assert await registry.issued(order)


async def test_the_worker_looks_every_hour(registry: Registry) -> None:
    """Nobody would have to ask, but everybody would; or a worker would ask the DNS without end."""
    order = await registry.order("example.com")
    await registry.work()
    assert registry.dns.queries == []
    for _ in range(3):
        registry.clock.advance(hours=1)
        before = len(registry.dns.queries)
        await registry.work()
        assert len(registry.dns.queries) > before
        before = len(registry.dns.queries)
        await registry.work()
        assert len(registry.dns.queries) == before
    assert await _challenge_audit(registry, order) == [], "what a worker saw by itself is no act of anybody"
    registry.show((await registry.pending(order))["example.com"])
    registry.clock.advance(minutes=59)
    await registry.work()
    assert (await registry.current(order)).state is OrderState.NEW
    registry.clock.advance(minutes=1)
    await registry.work()
    assert await registry.issued(order)


async def test_an_order_fails_after_thirty_days(registry: Registry) -> None:
    """Rule 65: random values of last month would still show control; and nobody would know why the order ended."""
    order = await registry.order("example.com", "example.org")
    found = await registry.pending(order)
    registry.show(found["example.org"])
    await pending_validation.validate(registry.core, order.id, registry.user)
    registry.clock.advance(days=29, hours=23)
    tidying = Job(id="job-1", type=TimerType.HOURLY, state=JobState.PROCESSING, created_at=registry.clock.now())
    await maintenance.tidy(registry.core, tidying)
    await registry.work()
    assert (await registry.current(order)).state is OrderState.NEW, "what was shown first stays so while it waits"
    registry.clock.advance(hours=1)
    registry.show(found["example.com"])
    await registry.work()
    await maintenance.tidy(registry.core, tidying)
    ended = await registry.current(order)
    assert ended.state is OrderState.FAILED
    assert ended.error is not None
    assert "before control of example.com was shown" in ended.error.detail
    jobs = await registry.core.store.read(lambda tx: tx.jobs.of_order(order.id))
    assert {job.state for job in jobs} <= {JobState.SUCCESS, JobState.FAILED}
    assert await registry.pending(order) == {}
    assert await pending_validation.validate(registry.core, order.id, registry.user) == []
    await registry.work()
    assert (await registry.current(order)).state is OrderState.FAILED


async def test_many_workers_issue_an_order_once(registry: Registry) -> None:
    """Rule 5: of workers, requests to validate and requesters who ask for it at once, each could issue it, or none."""
    workers = [replace(registry.core, worker=f"worker-{number}") for number in range(4)]
    for _ in range(5):
        order = await registry.order("a.example.com", "b.example.com", "c.example.com")
        for one in (await registry.pending(order)).values():
            registry.show(one)
        registry.clock.advance(hours=1)

        async def work(core: Core) -> None:
            for _ in range(6):
                await worker.run_due(core)

        async def ask(core: Core, order: Order) -> None:
            for _ in range(3):
                await pending_validation.validate(core, order.id, registry.user)
                await resume(core, order, registry.user)

        await asyncio.gather(*(work(core) for core in workers), *(ask(core, order) for core in workers))
        await registry.work()
        assert await registry.issued(order)


async def test_two_names_shown_at_the_same_moment_wake_the_order(registry: Registry) -> None:
    """Each look would see the other name missing, and the order would wait for ever."""
    for _ in range(10):
        order = await registry.order("a.example.com", "b.example.com")
        for one in (await registry.pending(order)).values():
            registry.show(one)
        assert await pending_validation.validate(registry.core, order.id, registry.user) == []
        await registry.work()
        assert await registry.issued(order)


async def test_a_look_that_died_with_its_process_is_taken_over(registry: Registry) -> None:
    """After a restart an order would never be looked for again."""
    order = await registry.order("example.com")
    [one] = (await registry.pending(order)).values()
    registry.show(one)
    registry.clock.advance(hours=1)
    now = registry.clock.now()
    dead = await registry.core.store.write(
        lambda tx: tx.jobs.claim_due(owner="dead", now=now, lease_until=now + timedelta(seconds=30), limit=16)
    )
    assert [job.type for job in dead] == [JobType.ISSUE_DOMAIN_OWNER_CHECK_VALIDATION_JOB]
    await registry.work()
    assert (await registry.current(order)).state is OrderState.NEW
    registry.clock.advance(seconds=30)
    await registry.work()
    assert await registry.issued(order)
    with pytest.raises(TriviumError) as late:
        await pending_validation.check(registry.core, dead[0])
    assert late.value.kind is ErrorKind.CONFLICT


async def test_an_order_whose_process_died_before_it_ran_is_run_on(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 6: placed and never issued, although it waits for nothing."""
    await registry.shown("example.com")

    async def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ca_core.orders.enrol.submit_placed", dies)
        with pytest.raises(KeyboardInterrupt):
            await registry.order("www.example.com")
    [order] = await registry.core.store.read(lambda tx: tx.orders.waiting(frozenset({registry.client_id}), limit=10))
    await registry.work()
    assert (await registry.current(order)).state is OrderState.NEW
    registry.clock.advance(minutes=1)
    await registry.work()
    assert await registry.issued(order)


async def test_a_domain_that_is_shown_later_serves_what_waits(registry: Registry) -> None:
    """Whoever registers the domain after the order would have to show control of every name again."""
    order = await registry.order("www.example.com", "*.example.com")
    other = await registry.order("www.example.org")
    domain = await registry.shown("example.com")
    await registry.work()
    assert await registry.issued(order)
    assert (await registry.current(other)).state is OrderState.NEW
    held = await registry.core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    assert {one.domain_id for one in held} == {domain.id}
    assert {method for one in held for method in one.methods} == {ValidationMethod.CA_DNS_CHANGE}


async def test_a_domain_shown_while_an_order_was_placed_serves_it_in_an_hour(registry: Registry) -> None:
    """The two would miss each other for good."""
    order = await registry.order("www.example.com")
    [domain] = await registry.register("example.com")
    now = registry.clock.now()
    missed = replace(domain, validated_at=now, valid_until=now + timedelta(days=200))
    await registry.core.store.write(lambda tx: tx.domains.save(missed))
    registry.clock.advance(hours=1)
    await registry.work()
    assert await registry.issued(order)


async def test_the_hourly_check_shows_domains(registry: Registry) -> None:
    """A domain would be shown only when somebody asks; or be looked for after its token ended."""
    shown, missing, ended = await registry.register("a.test", "b.test", "c.test")
    publish(registry.dns, shown)
    await domains.delete_token(registry.core, ended.id, registry.user)
    order = await registry.order("www.a.test")
    await worker.start_timers(registry.core)
    waiting = await registry.core.store.read(lambda tx: tx.jobs.open_of_type(TimerType.DOMAINS, None))
    assert waiting is not None
    now = registry.clock.now()
    timer = await registry.core.store.write(
        lambda tx: tx.jobs.claim(waiting.id, owner="test", now=now, lease_until=now + timedelta(minutes=1))
    )
    assert timer is not None
    response, following = await maintenance.check_domains(registry.core, timer)
    assert (response, following) == ({"checked": 2, "shown": 1}, timedelta(hours=1))
    assert (await domains.get(registry.core, shown.id, registry.user)).valid_at(registry.clock.now())
    looked = await domains.get(registry.core, missing.id, registry.user)
    assert looked.checked_at == registry.clock.now()
    assert [one.action for one in await registry.audit(missing.id)] == ["domain.register"]
    await registry.work()
    assert await registry.issued(order)
    response, _ = await maintenance.check_domains(registry.core, timer)
    assert response == {"checked": 1, "shown": 0}


async def test_nobody_sees_or_validates_another_clients_order(registry: Registry) -> None:
    """Abuse 46: tokens of another Client's names would be read, and its DNS be asked at will."""
    order = await registry.order("example.com")
    account = Principal(kind=PrincipalKind.ACME_ACCOUNT, id="acc-1", client_id=registry.client_id)
    for principal in (registry.stranger, account, Principal(kind=PrincipalKind.ANONYMOUS, id="anonymous")):
        for command in (
            pending_names.pending(registry.core, principal, order_id=order.id),
            pending_names.search(registry.core, principal, client_id=registry.client_id, limit=10),
            pending_validation.validate(registry.core, order.id, principal),
        ):
            with pytest.raises(TriviumError) as refused:
                await command
            assert refused.value.kind is ErrorKind.NOT_FOUND
    viewer = user(registry.client_id, Permission.ORDER_VIEW)
    assert await pending_names.pending(registry.core, viewer, order_id=order.id)
    with pytest.raises(TriviumError) as refused:
        await pending_validation.validate(registry.core, order.id, viewer)
    assert refused.value.kind is ErrorKind.FORBIDDEN
    assert registry.dns.queries == []


async def test_looks_on_demand_count_in_the_limit(registry: Registry) -> None:
    """Rule 53: anybody who may order could have us ask a DNS server without end."""
    order = await registry.order("example.com")
    limits = RateLimits(rates={Limit.FAILED_VALIDATIONS: Rate(2, timedelta(hours=1))})
    core = replace(registry.core, limits=limits)
    for _ in range(2):
        await pending_validation.validate(core, order.id, registry.user)
    asked = len(registry.dns.queries)
    with pytest.raises(TriviumError) as refused:
        await pending_validation.validate(core, order.id, registry.user)
    assert refused.value.kind is ErrorKind.RATE_LIMITED
    assert len(registry.dns.queries) == asked


async def test_a_limit_of_certificates_delays_what_waited(registry: Registry) -> None:
    """An order that waited for weeks would fail at the end because of another one of yesterday."""
    order = await registry.order("example.com")
    registry.show((await registry.pending(order))["example.com"])
    limits = RateLimits(rates={Limit.CERTIFICATES_PER_NAMES: Rate(1, timedelta(days=1))})
    core = replace(registry.core, limits=limits)
    first = await registry.order("example.com", core=core)
    registry.show((await registry.pending(first))["example.com"])
    await pending_validation.validate(core, first.id, registry.user)
    await pending_validation.validate(core, order.id, registry.user)
    while await worker.run_due(core):
        pass
    states = {(await registry.current(one)).state for one in (order, first)}
    assert states == {OrderState.NEW, OrderState.ISSUED}
    registry.clock.advance(days=1)
    while await worker.run_due(core):
        pass
    assert await registry.issued(order)
    assert await registry.issued(first)


async def test_an_order_of_a_suspended_client_ends(registry: Registry) -> None:
    """What waited would be issued for a Client that was stopped meanwhile, or be looked for on and on."""
    order = await registry.order("example.com")
    await suspend_client(registry.core, registry.client_id, "unpaid", CONSOLE)
    await registry.work()
    ended = await registry.current(order)
    assert ended.state is OrderState.FAILED
    assert ended.error is not None
    assert "suspended" in ended.error.detail
    jobs = await registry.core.store.read(lambda tx: tx.jobs.of_order(order.id))
    assert {job.state for job in jobs} == {JobState.FAILED}


async def test_a_product_without_an_owner_rule_waits_for_nothing(registry: Registry) -> None:
    """A private product that asks for no control would hold its orders up; a public one must not skip it."""
    await registry.change_product(dns_owner_rule=False)
    order = await registry.order("example.com")
    assert await registry.issued(order)
    [held] = await registry.core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    assert held.methods == {ValidationMethod.RA_VOUCHED}
    await registry.change_product(dns_owner_rule=False, public=True)
    assert (await registry.order("example.com")).state is OrderState.NEW


async def test_a_wildcard_is_not_shown_by_a_page(registry: Registry) -> None:
    """Rule 66: whoever has one host would have every name beside it."""
    order = await registry.order("*.example.com")
    [one] = (await registry.pending(order)).values()
    assert [way.method for way in one.ways] == [ValidationMethod.CA_DNS_CHANGE]
    registry.show(one)
    await pending_validation.validate(registry.core, order.id, registry.user)
    await registry.work()
    assert await registry.issued(order)


async def test_mailboxes_of_one_domain_wait_for_it_once(registry: Registry) -> None:
    """The owner of a domain would be asked as often as a certificate has mailboxes of it, and looked for as often."""
    products = await registry.core.store.read(lambda tx: tx.products.all(None))
    mail = next(one for one in products if IdentifierType.EMAIL in one.policy.profile.kind.identifier_types)
    strict = replace(mail, version="strict", policy=replace(mail.policy, dns_owner_rule=True))
    await registry.core.store.write(lambda tx: tx.products.put(strict))
    mailboxes = tuple(Identifier(type=IdentifierType.EMAIL, value=f"{who}@mail.example.com") for who in ("a", "b"))
    request = OrderRequest(product_id=strict.id, road=Road.REST, identifiers=mailboxes, csr=csr("a.example.com"))
    order = await enrol(registry.core, request, registry.user)
    assert order.state is OrderState.NEW, order.error
    found = await pending_names.pending(registry.core, registry.user, order_id=order.id)
    assert [one.name.value for one in found] == ["mail.example.com"]
    await registry.shown("example.com")
    await registry.work()
    assert await registry.issued(order)


async def test_a_name_shown_by_two_at_once_is_shown(registry: Registry) -> None:
    """Whoever validates an order while its domain is shown would be told of a conflict."""
    for number in range(5):
        order = await registry.order(f"www.example-{number}.com")
        registry.show((await registry.pending(order))[f"www.example-{number}.com"])
        [domain] = await registry.register(f"example-{number}.com")
        publish(registry.dns, domain)
        left, _ = await asyncio.gather(
            pending_validation.validate(registry.core, order.id, registry.user),
            domains.validate_now(registry.core, domain.id, registry.user),
        )
        assert left == []
        registry.clock.advance(minutes=1)  # a look that was overtaken keeps its lease
        await registry.work()
        assert await registry.issued(order)


async def _challenge_audit(registry: Registry, order: Order) -> list[AuditRecord]:
    held = await registry.core.store.read(lambda tx: tx.authorizations.get_many(order.authorization_ids))
    return [record for one in held for challenge in one.challenges for record in await registry.audit(challenge.id)]
