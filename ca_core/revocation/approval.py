"""Revocations that wait for approvals: what a user asks for, where the product wants others to agree.

A key that is compromised waits for nobody, nor does whoever shows that the certificate is his own (RFC 8555 7.6).
"""

from typing import Final

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.annotations import RecipientType
from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.store import Transaction
from ca_core.notify.mail import notify_approval
from ca_core.orders.root_job import root_job_id
from ca_core.revocation.reasons import reason_name

_WAITS: Final = frozenset({PrincipalKind.API_USER, PrincipalKind.CMC_CLIENT})


def must_wait(tx: Transaction, certificate: Certificate, reason: RevocationReason, principal: Principal) -> bool:
    """Whether the revocation needs approvals that it does not have yet."""
    if principal.kind not in _WAITS or reason is RevocationReason.KEY_COMPROMISE:
        return False
    if certificate.status is not CertificateStatus.ISSUED:
        return False
    order = tx.orders.get(certificate.order_id)
    product = tx.products.version(order.product_id, order.product_version) if order else None
    return product is not None and product.policy.approval.revocation > 0


def ask(
    core: Core,
    tx: Transaction,
    certificate: Certificate,
    reason: RevocationReason,
    principal: Principal,
    requestor: str,
) -> None:
    """Let the revocation wait for its approvals, as a job of the order; one that waits already stays the only one."""
    order = tx.orders.get(certificate.order_id)
    if order is None or waiting(tx, order) is not None:
        return
    now = core.sources.now()
    job = Job(
        id=core.sources.new_id("job"),
        type=JobType.RA_AUTHORIZE_CERT_REVOKE_JOB,
        state=JobState.WAITING,
        created_at=now,
        order_id=order.id,
        client_id=order.client_id,
        parent_id=root_job_id(order.id),
        subject_id=certificate.id,
        waiting_for="the approval of the revocation",
        request={"reason": int(reason), "requestedBy": principal.actor, "requestor": requestor},
    )
    tx.jobs.add([job])
    notify_approval(tx, core.sources, RecipientType.AUTHORIZATION, order, job)
    record = entry(
        core.sources,
        principal,
        "revocation.ask",
        order.id,
        client_id=order.client_id,
        certificate=certificate.id,
        reason=reason_name(reason),
        job=job.id,
    )
    tx.audit.append([record])


def waiting(tx: Transaction, order: Order) -> Job | None:
    """Return the revocation of the order's certificate that waits for approvals, if one does."""
    if order.certificate_id is None:
        return None
    return next(
        (
            job
            for job in tx.jobs.of_order(order.id)
            if job.type is JobType.RA_AUTHORIZE_CERT_REVOKE_JOB and job.state is JobState.WAITING
        ),
        None,
    )
