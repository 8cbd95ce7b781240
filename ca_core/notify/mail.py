"""Mail to the additional recipients of an order: a job for each, asked for as it happens and sent afterwards."""

from datetime import datetime
from typing import Any, Final

from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient, RecipientLanguage, RecipientType
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify.mailer import Mail
from ca_core.notify.texts import written
from ca_core.orders.delivery import deliver
from ca_core.orders.queries import order_for
from ca_core.revocation.reasons import reason_name

_OVER: Final = frozenset({JobState.SUCCESS, JobState.FAILED})


def notify_issued(tx: Transaction, sources: Sources, certificate: Certificate, parent_id: str) -> None:
    """Have the recipients of issuances told, by jobs below one that ends with the last of them."""
    recipients = _recipients(tx, certificate.order_id, RecipientType.ISSUANCE)
    if not recipients:
        return
    notification = replace(
        _job(sources, JobType.ISSUE_NOTIFY_ISSUED_JOB, certificate, parent_id),
        state=JobState.WAITING,
        due_at=None,
        waiting_for="the mail to its recipients",
    )
    mails = [_mail_job(sources, certificate, recipient, notification.id) for recipient in recipients]
    tx.jobs.add([notification, *mails])


def notify_revoked(tx: Transaction, sources: Sources, certificate: Certificate) -> None:
    """Have the recipients of revocations told."""
    recipients = _recipients(tx, certificate.order_id, RecipientType.REVOCATION)
    tx.jobs.add([_mail_job(sources, certificate, recipient, None) for recipient in recipients])


async def send_email(core: Core, job: Job) -> None:
    """Send the claimed job's mail."""

    async def act() -> dict[str, Any]:
        mail = await core.store.read(lambda tx: _mail(core, tx, job))
        return {"answer": await core.mailer.send(mail)}

    await deliver(core, job, act, beside=lambda tx, done: _end_notification(core, tx, done))


async def resend(core: Core, job_id: str, principal: Principal) -> Job:
    """Send a mail (``job-``) that is over once more, by a job of its own; return that.

    Raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, NOT_READY for a mail that is still tried.
    """

    def act(tx: Transaction) -> Job:
        job = tx.jobs.get(job_id)
        if job is None or job.type is not JobType.SEND_EMAIL_JOB or job.order_id is None:
            raise not_found("mail")
        order = order_for(tx, job.order_id, principal, Permission.ORDER_UPDATE, what="mail")
        if job.state not in _OVER:
            raise TriviumError(ErrorKind.NOT_READY, "The mail is still on its way; it is tried again by itself.")
        now = core.sources.now()
        again = Job(
            id=core.sources.new_id("job"),
            type=JobType.SEND_EMAIL_JOB,
            state=JobState.PENDING,
            created_at=now,
            scheduled_at=now,
            due_at=now,
            order_id=job.order_id,
            client_id=job.client_id,
            subject_id=job.subject_id,
            request=job.request | {"resends": job.id},
        )
        tx.jobs.add([again])
        record = entry(core.sources, principal, "mail.resend", again.id, client_id=order.client_id, order=order.id)
        tx.audit.append([record])
        return again

    return await core.store.write(act)


def _recipients(tx: Transaction, order_id: str, kind: RecipientType) -> list[AdditionalRecipient]:
    return [one for one in tx.recipients.of_order(order_id) if one.recipient_type is kind]


def _mail_job(sources: Sources, certificate: Certificate, recipient: AdditionalRecipient, parent_id: str | None) -> Job:
    request = {
        "recipient": recipient.email,
        "type": recipient.recipient_type.value,
        "language": recipient.language.value,
    }
    return replace(_job(sources, JobType.SEND_EMAIL_JOB, certificate, parent_id), request=request)


def _job(sources: Sources, job_type: JobType, certificate: Certificate, parent_id: str | None) -> Job:
    now = sources.now()
    return Job(
        id=sources.new_id("job"),
        type=job_type,
        state=JobState.PENDING,
        created_at=now,
        scheduled_at=now,
        due_at=now,
        order_id=certificate.order_id,
        client_id=certificate.client_id,
        parent_id=parent_id,
        subject_id=certificate.id,
    )


def _mail(core: Core, tx: Transaction, job: Job) -> Mail:
    certificate = tx.certificates.get(job.subject_id or "")
    order = tx.orders.get(job.order_id or "")
    issuer = tx.issuers.get(certificate.issuer_id) if certificate else None
    if certificate is None or order is None or issuer is None:
        raise TriviumError(ErrorKind.INTERNAL, f"What the mail {job.id} is about is gone.")
    language = RecipientLanguage(job.request["language"])
    if language is RecipientLanguage.NEUTRAL:
        language = core.mailer.language
    revocation = certificate.revocation
    text = written(
        RecipientType(job.request["type"]),
        language,
        {
            "names": ", ".join(identifier.value for identifier in certificate.identifiers),
            "subject": certificate.subject,
            "serial": f"{certificate.serial:x}",
            "not_before": _moment(certificate.not_before),
            "not_after": _moment(certificate.not_after),
            "revoked_at": _moment(revocation.revoked_at) if revocation else "",
            "reason": reason_name(revocation.reason) if revocation else "",
            "issuer": issuer.name,
            "product": order.product_name,
            "order": order.id,
        },
    )
    return Mail(
        id=job.id,
        to=job.request["recipient"],
        subject=text.subject,
        text=text.body,
        language=language,
        date=core.sources.now(),
    )


def _end_notification(core: Core, tx: Transaction, done: Job) -> None:
    """End the job above when its last mail is over; FAILED if one of them is."""
    if done.state not in _OVER or done.parent_id is None:
        return
    above = tx.jobs.get(done.parent_id)
    if above is None or above.state is not JobState.WAITING:
        return
    tx.jobs.save(above)  # takes its row: of two mails that end at once, the later sees the earlier
    mails = [job for job in tx.jobs.of_order(done.order_id or "") if job.parent_id == done.parent_id]
    if any(job.state not in _OVER for job in mails):
        return
    failed = [job for job in mails if job.state is JobState.FAILED]
    tx.jobs.save(
        replace(
            above,
            state=JobState.FAILED if failed else JobState.SUCCESS,
            finished_at=core.sources.now(),
            waiting_for="",
            response={"mails": len(mails), "failed": len(failed)},
            error=failed[0].error if failed else None,
        )
    )


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
