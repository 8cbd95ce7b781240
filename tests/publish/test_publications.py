"""Publication events: from issuance to the directory and out of it again."""

import asyncio
from dataclasses import replace

import pytest

from ca_core.core import Core
from ca_core.model.audit import Outcome
from ca_core.model.certificates import RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM, Principal
from ca_core.model.publications import PublicationAction, PublicationStatus
from ca_core.orders import queries, worker
from ca_core.orders.delivery import LEASE, MAXIMUM_TRIES
from ca_core.publish.directory import Directory, Person
from ca_core.publish.ldap_directory import LdapDirectory
from ca_core.publish.publications import events, publish, unpublish
from ca_core.revocation.revoke import revoke_by_id
from tests.orders.workshop import CONSOLE, Workshop
from tests.publish.issuing import certificate_of, issued, issued_for_a_host, user, work
from tests.publish.slapd import BASE, Slapd, serving

MAIL = "anna@example.test"
PUBLISH, UNPUBLISH = PublicationAction.PUBLISH, PublicationAction.UNPUBLISH
PENDING, DONE = PublicationStatus.PENDING, PublicationStatus.DONE
FAILED, SUPERSEDED = PublicationStatus.FAILED, PublicationStatus.SUPERSEDED


class SlowDirectory:
    """A directory that takes its time before it lets go of what it is asked."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def publish(self, person: Person, certificate: bytes) -> str:
        """Publish, after the test says so."""
        self.asked.set()
        await self.go_on.wait()
        return await self._directory.publish(person, certificate)

    async def unpublish(self, person: Person, certificate: bytes) -> str:
        """Take back at once."""
        return await self._directory.unpublish(person, certificate)


@pytest.fixture
def core(workshop: Workshop, slapd: Slapd) -> Core:
    """The installation with the directory."""
    return replace(workshop.core, directory=LdapDirectory(slapd.settings()))


async def refusal(core: Core, order: Order, principal: Principal = CONSOLE) -> TriviumError:
    """Publish what must be refused, and return the error."""
    with pytest.raises(TriviumError) as refused:
        await publish(core, order.id, principal)
    return refused.value


async def seen(core: Core, order: Order) -> list[tuple[PublicationAction, PublicationStatus]]:
    """Return what the operator sees of the events."""
    return [(event.action, event.status) for event in await events(core, order.id, CONSOLE)]


async def test_what_is_issued_is_published(workshop: Workshop, core: Core, slapd: Slapd) -> None:
    """Mail programs would not find the certificate although its product publishes."""
    order = await issued(workshop, MAIL)
    assert order.state is OrderState.ISSUED
    assert await seen(core, order) == [(PUBLISH, PENDING)]
    await work(core)
    certificate = await certificate_of(core, order)
    assert slapd.certificates(MAIL) == [certificate.der]
    [event] = await events(core, order.id, CONSOLE)
    assert (event.status, event.because, event.tries, event.entries) == (DONE, "issued", 1, (f"uid=anna,{BASE}",))
    jobs = {job.type: job for job in await queries.jobs(core, order.id, SYSTEM)}
    job = jobs[JobType.PUBLISH_CERTIFICATE_ORDER_JOB]
    assert job.parent_id == jobs[JobType.ISSUE_FINALIZE_ISSUE_CERTIFICATE_JOB].id
    record, *_ = await core.store.read(lambda tx: tx.audit.of_object(certificate.id, 10))
    assert (record.action, record.outcome, record.details["job"]) == ("certificate.published", Outcome.SUCCESS, job.id)


async def test_the_order_has_the_last_word(workshop: Workshop, core: Core, slapd: Slapd) -> None:
    """A certificate would be public although who ordered it said no, or could not be published afterwards."""
    order = await issued(workshop, MAIL, publish=False)
    await work(core)
    assert await seen(core, order) == []
    with pytest.raises(TriviumError, match="never published"):
        await unpublish(core, order.id, CONSOLE)
    asked = await publish(core, order.id, CONSOLE)
    assert (await publish(core, order.id, CONSOLE)).id == asked.id
    await work(core)
    assert len(slapd.certificates(MAIL)) == 1
    await unpublish(core, order.id, CONSOLE)
    await work(core)
    assert slapd.certificates(MAIL) == []
    assert await seen(core, order) == [(PUBLISH, DONE), (UNPUBLISH, DONE)]
    await publish(core, order.id, CONSOLE)
    await work(core)
    assert len(slapd.certificates(MAIL)) == 1


async def test_an_order_cannot_publish_what_its_product_does_not(workshop: Workshop, core: Core) -> None:
    """Certificates of products that are private would become public on the requester's word."""
    with pytest.raises(TriviumError, match="publishes no certificates"):
        await issued(workshop, MAIL, publish=True, publish_ldap=False)
    error = await refusal(core, await issued(workshop, MAIL, publish_ldap=False))
    assert error.kind is ErrorKind.CONFLICT


async def test_revocation_unpublishes(workshop: Workshop, core: Core, slapd: Slapd) -> None:
    """Mail would still be encrypted for a key that is not trusted any more."""
    order = await issued(workshop, MAIL)
    await work(core)
    await revoke_by_id(core, order.certificate_id or "", RevocationReason.KEY_COMPROMISE, CONSOLE)
    await work(core)
    assert slapd.certificates(MAIL) == []
    *_, last = await events(core, order.id, CONSOLE)
    assert (last.action, last.status, last.because, last.asked_by) == (UNPUBLISH, DONE, "revoked", CONSOLE.actor)
    assert (await refusal(core, order)).kind is ErrorKind.ALREADY_REVOKED


async def test_what_is_revoked_before_it_was_published_never_is(workshop: Workshop, core: Core, slapd: Slapd) -> None:
    """A publication that was put off would bring a revoked certificate back into the directory."""
    order = await issued(workshop, MAIL)
    await revoke_by_id(core, order.certificate_id or "", RevocationReason.UNSPECIFIED, CONSOLE)
    assert await seen(core, order) == [(PUBLISH, SUPERSEDED), (UNPUBLISH, PENDING)]
    await work(core)
    workshop.clock.advance(seconds=3)
    await work(core)
    assert slapd.certificates(MAIL) == []
    assert await seen(core, order) == [(PUBLISH, SUPERSEDED), (UNPUBLISH, DONE)]


async def test_events_of_one_certificate_wait_for_each_other(workshop: Workshop, core: Core, slapd: Slapd) -> None:
    """The directory would keep a revoked certificate that a slow publication writes last."""
    slow = SlowDirectory(core.directory)
    core = replace(core, directory=slow)
    order = await issued(workshop, MAIL)
    publishing = asyncio.create_task(worker.run_due(core))
    await slow.asked.wait()
    await revoke_by_id(core, order.certificate_id or "", RevocationReason.UNSPECIFIED, CONSOLE)
    await worker.run_due(core)
    assert await seen(core, order) == [(PUBLISH, SUPERSEDED), (UNPUBLISH, PENDING)]
    slow.go_on.set()
    await publishing
    assert len(slapd.certificates(MAIL)) == 1
    workshop.clock.advance(seconds=3)
    await work(core)
    assert slapd.certificates(MAIL) == []
    events_seen = await events(core, order.id, CONSOLE)
    assert [(event.status, event.tries) for event in events_seen] == [(DONE, 1), (DONE, 1)]


async def test_a_directory_that_is_down_is_tried_again(workshop: Workshop, slapd_at_rest: Slapd) -> None:
    """What is issued while the directory is down would never be found in it (fault F19)."""
    core = replace(workshop.core, directory=LdapDirectory(slapd_at_rest.settings()))
    order = await issued(workshop, MAIL)
    for tries in (1, 2):
        await work(core)
        [event] = await events(core, order.id, CONSOLE)
        assert (event.status, event.tries) == (PENDING, tries)
        assert event.error.startswith("No connection to the directory")
        assert event.next_try_at is not None
        assert event.next_try_at > workshop.clock.now()
        workshop.clock.time = event.next_try_at
    with serving(slapd_at_rest):
        await work(core)
        assert len(slapd_at_rest.certificates(MAIL)) == 1
    assert await seen(core, order) == [(PUBLISH, DONE)]


async def test_a_publication_is_given_up_in_the_end(workshop: Workshop) -> None:
    """Jobs that nobody can mend would be tried for ever, and nobody would be told."""
    order = await issued(workshop, MAIL)  # and there is no directory
    for _ in range(MAXIMUM_TRIES):
        await work(workshop.core)
        workshop.clock.advance(hours=6)
    [event] = await events(workshop.core, order.id, CONSOLE)
    assert (event.status, event.tries, event.next_try_at) == (FAILED, MAXIMUM_TRIES, None)
    assert "`ldap.url`" in event.error
    assert order.certificate_id is not None
    records = await workshop.core.store.read(lambda tx: tx.audit.of_object(order.certificate_id or "", 10))
    assert (records[0].action, records[0].outcome) == ("certificate.published", Outcome.FAILED)
    again = await publish(workshop.core, order.id, CONSOLE)
    assert (again.status, again.because, again.asked_by) == (PENDING, "asked", CONSOLE.actor)


async def test_what_the_directory_cannot_take_is_not_tried_again(workshop: Workshop, core: Core) -> None:
    """An operator would learn after days what must be changed."""
    order = await issued(workshop, "nobody@example.test")
    await work(core)
    [event] = await events(core, order.id, CONSOLE)
    assert (event.status, event.tries) == (FAILED, 1)
    assert "no entry for nobody@example.test" in event.error


async def test_a_certificate_of_several_addresses_is_under_each(workshop: Workshop, core: Core, slapd: Slapd) -> None:
    """Who writes to the second address would not find it."""
    settings = slapd.settings(new_entry="mail={mail}")
    core = replace(core, directory=LdapDirectory(settings))
    order = await issued(workshop, MAIL, "anna.muster@example.test")
    await work(core)
    assert slapd.certificates(MAIL) == slapd.certificates("anna.muster@example.test") != []
    [event] = await events(core, order.id, CONSOLE)
    assert set(event.entries) == {f"uid=anna,{BASE}", f"mail=anna.muster@example.test,{BASE}"}
    await revoke_by_id(core, order.certificate_id or "", RevocationReason.UNSPECIFIED, CONSOLE)
    await work(core)
    assert slapd.certificates(MAIL) == slapd.certificates("anna.muster@example.test") == []


async def test_each_act_needs_its_permission(workshop: Workshop, core: Core) -> None:
    """Somebody could publish for a Client that is not his, or without being allowed to (rule 45, abuse 46)."""
    order = await issued(workshop, MAIL)
    acts = {
        publish: Permission.PUBLICATION_CREATE,
        unpublish: Permission.PUBLICATION_DELETE,
        events: Permission.PUBLICATION_VIEW,
    }
    for act, permission in acts.items():
        assert await act(core, order.id, user(order.client_id, permission))
        for principal, kind in (
            (user(order.client_id, *(set(Permission) - {permission})), ErrorKind.FORBIDDEN),
            (user("cli-other", permission), ErrorKind.NOT_FOUND),
        ):
            with pytest.raises(TriviumError) as refused:
                await act(core, order.id, principal)
            assert refused.value.kind is kind
    with pytest.raises(TriviumError) as unknown:
        await events(core, "ord-unknown", CONSOLE)
    assert unknown.value.kind is ErrorKind.NOT_FOUND


async def test_only_a_good_certificate_with_an_address_is_published(workshop: Workshop, core: Core) -> None:
    """A publication would be accepted that could never be carried out."""
    waiting = await workshop.place("a.test")
    assert (await refusal(core, waiting)).kind is ErrorKind.NOT_READY
    nameless = await issued_for_a_host(workshop)
    assert "no e-mail address" in (await refusal(core, nameless)).detail
    order = await issued(workshop, MAIL, publish=False)
    workshop.clock.time = (await certificate_of(core, order)).not_after
    assert "has ended" in (await refusal(core, order)).detail


async def test_a_publication_that_a_process_left_is_done_by_another(workshop: Workshop, core: Core) -> None:
    """A process that ends in the middle of a publication would leave it undone for ever (fault F19)."""
    order = await issued(workshop, MAIL)
    now = workshop.clock.now()
    [left] = await core.store.write(
        lambda tx: tx.jobs.claim_due(owner="gone", now=now, lease_until=now + LEASE, limit=10)
    )
    assert left.state is JobState.PROCESSING
    await work(core)
    assert await seen(core, order) == [(PUBLISH, PENDING)]
    workshop.clock.time = now + LEASE
    await work(core)
    assert await seen(core, order) == [(PUBLISH, DONE)]
