"""FINALIZE_ISSUANCE: clean-up, notifications and publication are asked for; then the order is ISSUED."""

from functools import partial

from ca_core.core import Core
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.model.principals import SYSTEM
from ca_core.model.sources import Sources
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.notify.mail import notify_issued
from ca_core.orders.acceptance import revocation_unless_confirmed
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait
from ca_core.publish.schedule import schedule as schedule_publication
from ca_core.revocation.schedule import schedule_revocation


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    certificate = journal.certificate
    planned = revocation_unless_confirmed(core.sources, issuance.product, journal.order)
    if planned is not None and certificate is not None and certificate.status is CertificateStatus.ISSUED:
        journal.certificate = replace(certificate, planned_revocation=planned)
        journal.effect(lambda tx: schedule_revocation(tx, core.sources, certificate, planned))
    if certificate is not None:
        journal.effect(lambda tx: notify_issued(tx, core.sources, certificate, job.id))
    if journal.order.publish and certificate is not None:
        journal.effect(partial(_publish, core.sources, certificate, job.id))
    journal.record("order.issued", certificate=journal.order.certificate_id)
    job.respond(certificate=journal.order.certificate_id)
    return Done()


def _publish(sources: Sources, certificate: Certificate, parent_id: str, tx: Transaction) -> None:
    job_type = JobType.PUBLISH_CERTIFICATE_ORDER_JOB
    schedule_publication(tx, sources, certificate, job_type, SYSTEM, because="issued", parent_id=parent_id)


STAGE = Stage(state=OrderState.FINALIZE_ISSUANCE, job_type=JobType.ISSUE_FINALIZE_ISSUE_CERTIFICATE_JOB, run=_run)
