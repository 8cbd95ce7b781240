"""The work of a mail's job: it is written as things are when it is sent, and ends the notification above it."""

from datetime import datetime
from typing import Any

from ca_core.core import Core
from ca_core.model.annotations import RecipientLanguage, RecipientType
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState
from ca_core.model.orders import Order
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify.mail import NOTIFICATIONS, OVER
from ca_core.notify.mailer import Mail
from ca_core.notify.texts import FIELDS, Field, asked_for, written
from ca_core.orders.delivery import deliver
from ca_core.revocation.reasons import reason_name


async def run_mail(core: Core, job: Job) -> None:
    """Send the claimed job's mail."""

    async def act() -> dict[str, Any]:
        mail = await core.store.read(lambda tx: _mail(core, tx, job))
        return {"answer": await core.mailer.send(mail)}

    await deliver(core, job, act, beside=lambda tx, done: _end_notification(core, tx, done))


def _mail(core: Core, tx: Transaction, job: Job) -> Mail:
    kind, language = RecipientType(job.request["type"]), RecipientLanguage(job.request["language"])
    if language is RecipientLanguage.NEUTRAL:
        language = core.mailer.language
    order = tx.orders.get(job.order_id or "")
    if order is None:
        raise _gone(job)
    of_approval = Field.ASKED_FOR in FIELDS[kind]
    values = _of_approval(job, order, language) if of_approval else _of_certificate(tx, job)
    text = written(kind, language, values | {Field.PRODUCT: order.product_name, Field.ORDER: order.id})
    return Mail(
        id=job.id,
        to=job.request["recipient"],
        subject=text.subject,
        text=text.body,
        language=language,
        date=core.sources.now(),
    )


def _of_approval(job: Job, order: Order, language: RecipientLanguage) -> dict[Field, str]:
    return {
        Field.ASKED_FOR: asked_for(language, revocation=job.request["revocation"]),
        Field.NAMES: ", ".join(identifier.value for identifier in order.identifiers),
        Field.REASON: job.request["reason"],
    }


def _of_certificate(tx: Transaction, job: Job) -> dict[Field, str]:
    certificate = tx.certificates.get(job.subject_id or "")
    issuer = tx.issuers.get(certificate.issuer_id) if certificate else None
    if certificate is None or issuer is None:
        raise _gone(job)
    return {
        Field.NAMES: ", ".join(identifier.value for identifier in certificate.identifiers),
        Field.SUBJECT: certificate.subject,
        Field.SERIAL: f"{certificate.serial:x}",
        Field.NOT_BEFORE: _moment(certificate.not_before),
        Field.NOT_AFTER: _moment(certificate.not_after),
        Field.ISSUER: issuer.name,
        **_of_revocation(certificate),
    }


def _of_revocation(certificate: Certificate) -> dict[Field, str]:
    revocation = certificate.revocation
    if revocation is None:
        return {}
    return {Field.REVOKED_AT: _moment(revocation.revoked_at), Field.REASON: reason_name(revocation.reason)}


def _gone(job: Job) -> TriviumError:
    return TriviumError(ErrorKind.INTERNAL, f"What the mail {job.id} is about is gone.")


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _end_notification(core: Core, tx: Transaction, done: Job) -> None:
    """End the job above when its last mail is over; FAILED if one of them is, until that is sent after all."""
    above = tx.jobs.get(done.parent_id) if done.parent_id is not None and done.state in OVER else None
    if above is None or above.type not in NOTIFICATIONS:
        return
    tx.jobs.save(above)  # takes its row: of two mails that end at once, the later sees the earlier
    mails = [job for job in tx.jobs.of_order(done.order_id or "") if job.parent_id == above.id]
    if any(job.state not in OVER for job in mails):
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
