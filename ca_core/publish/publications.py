"""Publish a certificate, take it back, and read what happened to it."""

from ca_core.audit.log import entry
from ca_core.core import Core
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.publications import ACTIONS, PublicationAction, PublicationEvent, PublicationStatus
from ca_core.model.store import Transaction
from ca_core.orders.queries import order_for
from ca_core.publish.directory import people
from ca_core.publish.schedule import OPEN, publication_jobs, schedule
from ca_core.revocation.revoke import require_issued


async def publish(core: Core, order_id: str, principal: Principal) -> PublicationEvent:
    """Have the order's certificate published and return the event; one that is on its way already is returned.

    Raises NOT_FOUND, FORBIDDEN without PUBLICATION_CREATE, CONFLICT when the product publishes nothing, NOT_READY
    before there is a certificate, ALREADY_REVOKED, and MALFORMED for one that has ended or names no e-mail address.
    """

    def act(tx: Transaction) -> PublicationEvent:
        order = order_for(tx, order_id, principal, Permission.PUBLICATION_CREATE)
        certificate = _certificate(tx, order)
        require_issued(certificate)
        product = tx.products.version(order.product_id, order.product_version)
        if product is None or not product.policy.publish_ldap:
            raise TriviumError(ErrorKind.CONFLICT, f"The product {order.product_name} publishes no certificates.")
        if certificate.not_after <= core.sources.now():
            raise TriviumError(ErrorKind.MALFORMED, "The certificate has ended; publish its successor.")
        people(certificate.der or b"")
        return _event(core, tx, certificate, PublicationAction.PUBLISH, principal)

    return await core.store.write(act)


async def unpublish(core: Core, order_id: str, principal: Principal) -> PublicationEvent:
    """Have the order's certificate taken out of the directory and return the event, as :func:`publish` does.

    Raises NOT_FOUND, FORBIDDEN without PUBLICATION_DELETE, and NOT_READY when it was never published.
    """

    def act(tx: Transaction) -> PublicationEvent:
        certificate = _certificate(tx, order_for(tx, order_id, principal, Permission.PUBLICATION_DELETE))
        if not publication_jobs(tx, certificate):
            raise TriviumError(ErrorKind.NOT_READY, "The certificate was never published; there is nothing to undo.")
        return _event(core, tx, certificate, PublicationAction.UNPUBLISH, principal)

    return await core.store.write(act)


async def events(core: Core, order_id: str, principal: Principal) -> list[PublicationEvent]:
    """Return what happened to the order's certificate in the directory, oldest first.

    Raises NOT_FOUND, FORBIDDEN without PUBLICATION_VIEW.
    """

    def read(tx: Transaction) -> list[PublicationEvent]:
        order = order_for(tx, order_id, principal, Permission.PUBLICATION_VIEW)
        certificate = tx.certificates.get(order.certificate_id) if order.certificate_id else None
        jobs = publication_jobs(tx, certificate) if certificate else []
        return [_of_job(job, last=job is jobs[-1]) for job in jobs]

    return await core.store.read(read)


def _event(
    core: Core, tx: Transaction, certificate: Certificate, action: PublicationAction, principal: Principal
) -> PublicationEvent:
    before = publication_jobs(tx, certificate)
    if before and before[-1].state in OPEN and ACTIONS[JobType(before[-1].type)] is action:
        return _of_job(before[-1], last=True)
    job_type = (
        JobType.MANUAL_PUBLISH_CERTIFICATE_JOB
        if action is PublicationAction.PUBLISH
        else JobType.MANUAL_UNPUBLISH_CERTIFICATE_JOB
    )
    job = schedule(tx, core.sources, certificate, job_type, principal, because="asked")
    record = entry(
        core.sources,
        principal,
        f"certificate.{action}",
        certificate.id,
        client_id=certificate.client_id,
        order=certificate.order_id,
        job=job.id,
    )
    tx.audit.append([record])
    return _of_job(job, last=True)


def _certificate(tx: Transaction, order: Order) -> Certificate:
    certificate = tx.certificates.get(order.certificate_id) if order.certificate_id else None
    if certificate is None or certificate.der is None:
        raise TriviumError(ErrorKind.NOT_READY, f"The order has no certificate: it is {order.state}.")
    return certificate


def _of_job(job: Job, *, last: bool) -> PublicationEvent:
    return PublicationEvent(
        id=job.id,
        action=ACTIONS[JobType(job.type)],
        status=_status(job, last=last),
        asked_by=job.request["askedBy"],
        because=job.request["because"],
        created_at=job.created_at,
        finished_at=job.finished_at,
        tries=job.executions,
        next_try_at=job.due_at if job.state in {JobState.PENDING, JobState.RETRY} and last else None,
        entries=tuple(job.response.get("entries", ())),
        error=job.error.detail if job.error else "",
    )


def _status(job: Job, *, last: bool) -> PublicationStatus:
    if job.state is JobState.SUCCESS:
        return PublicationStatus.DONE
    if "supersededBy" in job.response or (job.state in OPEN and not last):
        return PublicationStatus.SUPERSEDED
    return PublicationStatus.FAILED if job.state is JobState.FAILED else PublicationStatus.PENDING
