"""Reminders that a certificate ends, through a real mail server."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ca_core.certificates.policies import LONGEST_NOTICE, check_policy
from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient, RecipientLanguage, RecipientType
from ca_core.model.certificates import RevocationReason
from ca_core.model.errors import TriviumError
from ca_core.model.jobs import JobState, JobType, TimerType
from ca_core.model.principals import SYSTEM
from ca_core.orders import recipients
from ca_core.orders.submit import submit_csr
from ca_core.orders.timers import schedule
from ca_core.revocation.revoke import revoke_by_id
from tests.notify.mail_server import Mailbox
from tests.notify.test_mail import ANNA, issued, jobs, mailing
from tests.orders.workshop import CONSOLE, Workshop, csr
from tests.publish.issuing import certificate_of, work

GINA = AdditionalRecipient(
    email="gina@example.test", recipient_type=RecipientType.RENEWAL, language=RecipientLanguage.DE
)
HUGO = replace(GINA, email="hugo@example.test", language=RecipientLanguage.FR)


async def a_night(core: Core) -> None:
    """Run the timer of the reminders, and what it asks for."""
    await core.store.write(lambda tx: schedule(tx, core.sources, TimerType.RENEWALS, None, core.sources.now()))
    await work(core)


async def in_time(workshop: Workshop, **policy: int) -> None:
    """Give the product this policy."""
    changed = replace(workshop.product.policy, **policy)  # type: ignore[arg-type]
    product = replace(workshop.product, version=f"reminding-{policy}", policy=changed)
    await workshop.core.store.write(lambda tx: tx.products.put(product))


async def test_each_recipient_is_reminded_once(workshop: Workshop, mailbox: Mailbox) -> None:
    """A certificate would end unnoticed, or its people be told every night until they filter the mail away."""
    core = mailing(workshop.core, mailbox)
    order = await issued(core, workshop, GINA, ANNA)
    await work(core)
    mailbox.received.clear()
    certificate = await certificate_of(core, order)
    workshop.clock.time = certificate.not_after - timedelta(days=30, seconds=1)
    await a_night(core)
    assert mailbox.received == []
    workshop.clock.advance(days=1)
    await a_night(core)
    [mail] = mailbox.mails()
    assert (mail["To"], mail["Subject"]) == (GINA.email, f"Zertifikat läuft ab: {order.id}")
    assert certificate.not_after.strftime("%Y-%m-%d") in mail.get_content()
    await recipients.add(core, order.id, [HUGO], CONSOLE)
    for _ in range(2):
        workshop.clock.advance(days=1)
        await a_night(core)
    assert [mail["To"] for mail in mailbox.mails()] == [GINA.email, HUGO.email]
    notifications = await jobs(core, order, JobType.ISSUE_NOTIFY_RENEWAL_JOB)
    assert [one.state for one in notifications] == [JobState.SUCCESS, JobState.SUCCESS]


async def test_the_timer_runs_by_itself_every_day(workshop: Workshop, mailbox: Mailbox) -> None:
    """Nobody would be reminded, or only once after each start of the gateway."""
    core = mailing(workshop.core, mailbox)
    await a_night(core)
    following = await core.store.read(lambda tx: tx.jobs.open_of_type(TimerType.RENEWALS, None))
    assert following is not None
    assert following.due_at == workshop.clock.now() + timedelta(days=1)


async def test_nobody_is_reminded_of_what_needs_no_successor(workshop: Workshop, mailbox: Mailbox) -> None:
    """People would be sent after certificates that are revoked, have ended, or have a successor already."""
    core = mailing(workshop.core, mailbox)
    revoked = await issued(core, workshop, GINA)
    await revoke_by_id(core, revoked.certificate_id or "", RevocationReason.SUPERSEDED, CONSOLE)
    renewed = await issued(core, workshop, GINA)
    end = (await certificate_of(core, renewed)).not_after
    workshop.clock.time = end - timedelta(days=10)
    successor = await workshop.place("a.test")
    await submit_csr(core, successor.id, csr("a.test"), SYSTEM)
    await a_night(core)
    workshop.clock.time = end + timedelta(days=1)
    await a_night(core)
    assert mailbox.received == []


async def test_a_product_says_how_early(workshop: Workshop, mailbox: Mailbox) -> None:
    """A certificate that lives for days would be reminded of on its first, or a product could not go without."""
    core = mailing(workshop.core, mailbox)
    await in_time(workshop, renewal_notice=0)
    silent = await certificate_of(core, await issued(core, workshop, GINA))
    await in_time(workshop, renewal_notice=LONGEST_NOTICE)
    order = await issued(core, workshop, HUGO)
    certificate = await certificate_of(core, order)
    third = (certificate.not_after - certificate.not_before) / 3
    workshop.clock.time = certificate.not_after - third - timedelta(seconds=1)
    await a_night(core)
    assert mailbox.received == []
    workshop.clock.advance(seconds=1)
    await a_night(core)
    assert [mail["To"] for mail in mailbox.mails()] == [HUGO.email]
    workshop.clock.time = silent.not_after - timedelta(seconds=1)
    await a_night(core)
    assert [mail["To"] for mail in mailbox.mails()] == [HUGO.email]


@pytest.mark.parametrize("seconds", [-1, LONGEST_NOTICE + 1])
def test_a_notice_that_cannot_be_is_refused(workshop: Workshop, seconds: int) -> None:
    """A reminder would never come, or the search for what ends would have no bound."""
    with pytest.raises(TriviumError, match="renewal_notice"):
        check_policy(replace(workshop.product.policy, renewal_notice=seconds), at=workshop.clock.now())
