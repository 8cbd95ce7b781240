"""Mail to the additional recipients of orders, through a real mail server."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient, RecipientLanguage, RecipientType
from ca_core.model.certificates import RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import SYSTEM
from ca_core.notify.mail import resend
from ca_core.notify.mailer import Mail
from ca_core.notify.smtp_mailer import SmtpMailer, SmtpSettings
from ca_core.notify.texts import FIELDS, Field, written
from ca_core.orders import queries, recipients
from ca_core.orders.delivery import MAXIMUM_TRIES
from ca_core.orders.retry import retry
from ca_core.orders.submit import submit_csr
from ca_core.revocation.revoke import revoke_by_id
from tests.notify.mail_server import PASSWORD, USER, Mailbox, taking_mail
from tests.notify.test_http_webhooks import trusted
from tests.orders.workshop import CONSOLE, Workshop, csr
from tests.publish.issuing import user, work

ANNA = AdditionalRecipient(
    email="anna@example.test", recipient_type=RecipientType.ISSUANCE, language=RecipientLanguage.DE
)
BERT = AdditionalRecipient(email="bert@example.test", recipient_type=RecipientType.ISSUANCE)
CARLA = AdditionalRecipient(
    email="carla@example.test", recipient_type=RecipientType.REVOCATION, language=RecipientLanguage.FR
)


def settings(mailbox: Mailbox, **changes: object) -> SmtpSettings:
    """Return how the gateway reaches the server."""
    values: dict[str, object] = {"host": "127.0.0.1", "port": mailbox.port, "tls": False, "start_tls": False}
    return SmtpSettings(**(values | {"sender": "ca@example.test"} | changes))  # type: ignore[arg-type]


def mailing(core: Core, mailbox: Mailbox, **changes: object) -> Core:
    """Return the core with this mail server."""
    return replace(core, mailer=SmtpMailer(settings(mailbox, **changes)))


async def issued(core: Core, workshop: Workshop, *told: AdditionalRecipient) -> Order:
    """Issue a certificate with these recipients."""
    placed = await workshop.place("a.test")
    await recipients.add(core, placed.id, told, CONSOLE)
    return await submit_csr(core, placed.id, csr("a.test"), SYSTEM)


async def jobs(core: Core, order: Order, kind: JobType = JobType.SEND_EMAIL_JOB) -> list[Job]:
    """Return the order's jobs of this type."""
    return [job for job in await queries.jobs(core, order.id, SYSTEM) if job.type is kind]


async def test_recipients_are_told_of_the_issuance(workshop: Workshop, mailbox: Mailbox) -> None:
    """Nobody would learn that a certificate is there, or in a language that is not his."""
    core = mailing(workshop.core, mailbox, language=RecipientLanguage.FR)
    order = await issued(core, workshop, ANNA, BERT, CARLA)
    assert order.state is OrderState.ISSUED
    [above] = await jobs(core, order, JobType.ISSUE_NOTIFY_ISSUED_JOB)
    assert above.state is JobState.WAITING
    assert mailbox.received == []
    await work(core)
    by_recipient = {mail["To"]: mail for mail in mailbox.mails()}
    assert set(by_recipient) == {ANNA.email, BERT.email}
    german = by_recipient[ANNA.email]
    assert german["Subject"] == f"Zertifikat ausgestellt: {order.id}"
    assert german["From"] == "ca@example.test"
    assert german["Content-Language"] == "de"
    assert german["Auto-Submitted"] == "auto-generated"
    assert by_recipient[BERT.email]["Subject"] == f"Certificat émis : {order.id}"
    body = german.get_content()
    view = await queries.get(core, order.id, SYSTEM)
    assert view.certificate is not None
    assert "a.test" in body
    assert f"{view.certificate.serial:x}" in body
    mails = await jobs(core, order)
    assert {job.parent_id for job in mails} == {above.id}
    assert {job.state for job in mails} == {JobState.SUCCESS}
    assert {mail["Message-ID"] for mail in mailbox.mails()} == {f"<{job.id}@example.test>" for job in mails}
    [above] = await jobs(core, order, JobType.ISSUE_NOTIFY_ISSUED_JOB)
    assert (above.state, above.response) == (JobState.SUCCESS, {"mails": 2, "failed": 0})


async def test_recipients_are_told_of_the_revocation(workshop: Workshop, mailbox: Mailbox) -> None:
    """Whoever uses the certificate would go on doing so."""
    core = mailing(workshop.core, mailbox)
    order = await issued(core, workshop, CARLA)
    await work(core)
    assert mailbox.received == []
    assert await jobs(core, order, JobType.ISSUE_NOTIFY_ISSUED_JOB) == []
    await revoke_by_id(core, order.certificate_id or "", RevocationReason.SUPERSEDED, CONSOLE)
    await work(core)
    [mail] = mailbox.mails()
    assert (mail["To"], mail["Subject"]) == (CARLA.email, f"Certificat révoqué : {order.id}")
    assert "superseded" in mail.get_content()


async def test_mail_goes_over_tls_with_a_password(workshop: Workshop, tmp_path: Path) -> None:
    """The password, and what the mail says, would cross in the clear or go to whoever answers."""
    context, ca_file = trusted(tmp_path, "localhost")
    mailbox = Mailbox()
    with taking_mail(mailbox, tls=context):
        good = {"host": "localhost", "start_tls": True, "ca_file": ca_file, "user": USER, "password": PASSWORD}
        core = mailing(workshop.core, mailbox, **good)
        order = await issued(core, workshop, ANNA)
        await work(core)
        assert len(mailbox.received) == 1
        assert PASSWORD not in repr(settings(mailbox, **good))
        for wrong in ({"ca_file": ""}, {"host": "127.0.0.1"}, {"password": "wrong"}, {"start_tls": False}):
            core = mailing(workshop.core, mailbox, **(good | wrong))
            with pytest.raises(TriviumError) as refused:
                await core.mailer.send(a_mail(ANNA.email))
            assert refused.value.kind is ErrorKind.UNAVAILABLE
            assert PASSWORD not in refused.value.detail
    assert len(mailbox.received) == 1
    assert order.state is OrderState.ISSUED


async def test_a_mail_server_that_is_down_gets_the_mail_later(workshop: Workshop) -> None:
    """Who was to be told while the mail server is down never would be (fault F19)."""
    mailbox = Mailbox()
    core = mailing(workshop.core, mailbox)
    order = await issued(core, workshop, ANNA)
    await work(core)
    [job] = await jobs(core, order)
    assert (job.state, job.executions) == (JobState.RETRY, 1)
    assert job.error is not None
    assert "No mail goes by the server" in job.error.detail
    with pytest.raises(TriviumError, match="still on its way"):
        await resend(core, job.id, CONSOLE)
    with taking_mail(mailbox):
        workshop.clock.advance(seconds=3)
        await work(core)
    assert len(mailbox.received) == 1
    [job] = await jobs(core, order)
    assert job.state is JobState.SUCCESS


async def test_a_refused_recipient_fails_and_can_be_sent_again(workshop: Workshop, mailbox: Mailbox) -> None:
    """One wrong address would keep the others from their mail, or nobody could send it again."""
    core = mailing(workshop.core, mailbox)
    mailbox.refusals = {ANNA.email: "550 No such user here"}
    order = await issued(core, workshop, ANNA, BERT)
    await work(core)
    assert [mail["To"] for mail in mailbox.mails()] == [BERT.email]
    [above] = await jobs(core, order, JobType.ISSUE_NOTIFY_ISSUED_JOB)
    assert (above.state, above.response) == (JobState.FAILED, {"mails": 2, "failed": 1})
    [failed] = [job for job in await jobs(core, order) if job.state is JobState.FAILED]
    assert failed.error is not None
    assert "No such user" in failed.error.detail
    mailbox.refusals = {}
    again = await resend(core, failed.id, CONSOLE)
    assert again.request["resends"] == failed.id
    await work(core)
    assert [mail["To"] for mail in mailbox.mails()] == [BERT.email, ANNA.email]


async def test_a_notification_is_over_when_its_mail_is_tried_again(workshop: Workshop, mailbox: Mailbox) -> None:
    """A task would fail for ever, or be run that nobody can run, although its mail has arrived in the end."""
    core = mailing(workshop.core, mailbox)
    mailbox.refusals = {ANNA.email: "550 No such user here"}
    order = await issued(core, workshop, ANNA)
    await work(core)
    mailbox.refusals = {}
    [again] = await retry(core, order.id, CONSOLE)
    assert again.type is JobType.SEND_EMAIL_JOB
    await work(core)
    assert [mail["To"] for mail in mailbox.mails()] == [ANNA.email]
    [above] = await jobs(core, order, JobType.ISSUE_NOTIFY_ISSUED_JOB)
    assert (above.state, above.response, above.error) == (JobState.SUCCESS, {"mails": 1, "failed": 0}, None)


async def test_a_server_that_is_busy_is_asked_again_and_given_up_in_the_end(
    workshop: Workshop, mailbox: Mailbox
) -> None:
    """Grey-listing servers would get no mail, and dead ones mail for ever (fault F19)."""
    core = mailing(workshop.core, mailbox)
    mailbox.refusals = {ANNA.email: "450 Try again later"}
    order = await issued(core, workshop, ANNA)
    for tries in range(1, MAXIMUM_TRIES + 1):
        await work(core)
        [job] = await jobs(core, order)
        assert job.executions == tries
        workshop.clock.advance(hours=6)
    assert job.state is JobState.FAILED


async def test_resending_needs_the_permission(workshop: Workshop, mailbox: Mailbox) -> None:
    """Somebody could have mail sent for a Client that is not his (rule 45, abuse 46)."""
    core = mailing(workshop.core, mailbox)
    order = await issued(core, workshop, ANNA)
    await work(core)
    [job] = await jobs(core, order)
    [root] = await jobs(core, order, JobType.ISSUE_SUBMIT_CERTIFICATE_ORDER_JOB)
    lacking = user(order.client_id, *(set(Permission) - {Permission.ORDER_UPDATE}))
    for principal, job_id, kind in (
        (lacking, job.id, ErrorKind.FORBIDDEN),
        (user("cli-other", Permission.ORDER_UPDATE), job.id, ErrorKind.NOT_FOUND),
        (CONSOLE, root.id, ErrorKind.NOT_FOUND),
        (CONSOLE, "job-unknown", ErrorKind.NOT_FOUND),
    ):
        with pytest.raises(TriviumError) as refused:
            await resend(core, job_id, principal)
        assert refused.value.kind is kind
    assert await resend(core, job.id, user(order.client_id, Permission.ORDER_UPDATE))


def a_mail(to: str, subject: str = "x") -> Mail:
    """Return a mail."""
    language = RecipientLanguage.EN
    return Mail(id="job-1", to=to, subject=subject, text="x", language=language, date=datetime.now(UTC))


@pytest.mark.parametrize(
    "mail", [("a@b.test\r\nBcc: x@y.test", "x"), ("a@b.test", "x\r\nBcc: x@y.test"), ("a@b.test", "x\ny")]
)
async def test_a_line_break_never_reaches_a_header(mailbox: Mailbox, mail: tuple[str, str]) -> None:
    """Whoever chooses an address or a name could send mail of his own in our name (abuse 44)."""
    with pytest.raises(TriviumError):
        await SmtpMailer(settings(mailbox)).send(a_mail(*mail))
    assert mailbox.received == []


@pytest.mark.parametrize("language", [one for one in RecipientLanguage if one is not RecipientLanguage.NEUTRAL])
@pytest.mark.parametrize("kind", FIELDS)
def test_values_are_never_read_as_part_of_the_text(kind: RecipientType, language: RecipientLanguage) -> None:
    """A subject chosen by a requester could write sentences of its own, or read our fields (abuse 44, 64)."""
    hostile = "{order}\r\n\r\nClick here\u2028now \u202egnp {0.__class__} " + "x" * 1000
    text = written(kind, language, dict.fromkeys(Field, hostile) | {Field.ORDER: "ord-1"})
    assert text.subject.endswith("ord-1")
    assert not any(line.startswith("Click") for line in text.body.splitlines())
    assert "{order}" in text.body
    assert "{0.__class__}" in text.body
    assert "\u202e" not in text.body
    assert len(text.body) < 10_000
