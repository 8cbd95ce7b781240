"""Mail to the additional recipients of an order: a job for each, asked for as it happens and sent afterwards."""

from typing import Final

from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import RecipientType
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.delivery import delivery_of
from ca_core.orders.queries import order_for

OVER: Final = frozenset({JobState.SUCCESS, JobState.FAILED})
"""The states of a mail that is not tried any more."""
NOTIFICATIONS: Final = frozenset({JobType.ISSUE_NOTIFY_ISSUED_JOB, JobType.ISSUE_NOTIFY_RENEWAL_JOB})
"""The jobs above mails, which end with the last of them."""


def notify_issued(tx: Transaction, sources: Sources, certificate: Certificate, parent_id: str) -> None:
    """Have the recipients of issuances told, by jobs below one of the job ``parent_id``."""
    _tell_below(tx, sources, JobType.ISSUE_NOTIFY_ISSUED_JOB, RecipientType.ISSUANCE, certificate, parent_id)


def notify_renewal(tx: Transaction, sources: Sources, certificate: Certificate) -> int:
    """Have the recipients of renewals told who were not yet, by jobs below one; return how many mails that are."""
    return _tell_below(tx, sources, JobType.ISSUE_NOTIFY_RENEWAL_JOB, RecipientType.RENEWAL, certificate, None)


def notify_revoked(tx: Transaction, sources: Sources, certificate: Certificate) -> None:
    """Have the recipients of revocations told."""
    about = delivery_of(sources, JobType.SEND_EMAIL_JOB, certificate)
    tx.jobs.add(_mails(tx, sources, RecipientType.REVOCATION, about))


def notify_approval(
    tx: Transaction,
    sources: Sources,
    kind: RecipientType,
    order: Order,
    revocation: Job | None = None,
    *,
    reason: str = "",
) -> None:
    """Have the recipients of this kind told of an approval: that one is needed, was given or, for a reason, refused.

    It is about the ``revocation``, the job that waits for it, or else about the issuance.
    """
    about = replace(
        delivery_of(sources, JobType.SEND_EMAIL_JOB, order),
        subject_id=order.id if revocation is None else revocation.id,
        request={"revocation": revocation is not None, "reason": reason},
    )
    tx.jobs.add(_mails(tx, sources, kind, about))


async def resend(core: Core, job_id: str, principal: Principal) -> Job:
    """Send a mail (``job-``) that is over once more, by a job of its own; return that.

    Raises NOT_FOUND, FORBIDDEN without ORDER_UPDATE, NOT_READY for a mail that is still tried.
    """

    def act(tx: Transaction) -> Job:
        job = tx.jobs.get(job_id)
        if job is None or job.type is not JobType.SEND_EMAIL_JOB or job.order_id is None:
            raise not_found("mail")
        order = order_for(tx, job.order_id, principal, Permission.ORDER_UPDATE, what="mail")
        if job.state not in OVER:
            raise TriviumError(ErrorKind.NOT_READY, "The mail is still on its way; it is tried again by itself.")
        again = replace(
            delivery_of(core.sources, JobType.SEND_EMAIL_JOB, order),
            subject_id=job.subject_id,
            request=job.request | {"resends": job.id},
        )
        tx.jobs.add([again])
        record = entry(core.sources, principal, "mail.resend", again.id, client_id=order.client_id, order=order.id)
        tx.audit.append([record])
        return again

    return await core.store.write(act)


def _tell_below(
    tx: Transaction,
    sources: Sources,
    job_type: JobType,
    kind: RecipientType,
    certificate: Certificate,
    parent_id: str | None,
) -> int:
    """Have the recipients of this kind told by jobs below one, if there are any; return how many."""
    notification = replace(
        delivery_of(sources, job_type, certificate),
        state=JobState.WAITING,
        due_at=None,
        parent_id=parent_id,
        waiting_for="the mail to its recipients",
    )
    about = replace(delivery_of(sources, JobType.SEND_EMAIL_JOB, certificate), parent_id=notification.id)
    mails = _mails(tx, sources, kind, about)
    if mails:
        tx.jobs.add([notification, *mails])
    return len(mails)


def _mails(tx: Transaction, sources: Sources, kind: RecipientType, about: Job) -> list[Job]:
    """Return a job like ``about`` for each recipient who has had no mail of this kind about its subject."""
    order_id = about.order_id or ""
    recipients = [one for one in tx.recipients.of_order(order_id) if one.recipient_type is kind]
    told = {
        job.request["recipient"]
        for job in (tx.jobs.of_order(order_id) if recipients else ())
        if job.type is JobType.SEND_EMAIL_JOB and job.subject_id == about.subject_id and job.request["type"] == kind
    }
    return [
        replace(
            about,
            id=sources.new_id("job"),
            request=about.request
            | {"recipient": recipient.email, "type": kind.value, "language": recipient.language.value},
        )
        for recipient in recipients
        if recipient.email not in told
    ]
