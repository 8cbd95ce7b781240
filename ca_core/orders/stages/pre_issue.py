"""PRE_ISSUE: where a precertificate goes to the CT logs; a product without CT passes."""

from ca_core.core import Core
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait


async def _run(_core: Core, _issuance: Issuance, _journal: Journal, job: RunningJob) -> Done | Wait:
    job.respond(certificateTransparency="not required by the product")
    return Done()


STAGE = Stage(state=OrderState.PRE_ISSUE, job_type=JobType.ISSUE_PRE_ISSUE_CERTIFICATE_JOB, run=_run)
