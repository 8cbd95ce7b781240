"""FINALIZE_ISSUANCE: clean-up, notifications and publication are asked for; then the order is ISSUED."""

from ca_core.core import Core
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait


async def _run(_core: Core, _issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    journal.record("order.issued", certificate=journal.order.certificate_id)
    job.respond(certificate=journal.order.certificate_id)
    return Done()


STAGE = Stage(state=OrderState.FINALIZE_ISSUANCE, job_type=JobType.ISSUE_FINALIZE_ISSUE_CERTIFICATE_JOB, run=_run)
