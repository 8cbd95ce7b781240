"""PENDING_AUTH: as many users as the product says approve, none of them the requester (rule 57 of the abuse list)."""

from ca_core.certificates.validity import NOT_BEFORE_DISTANCE
from ca_core.core import Core
from ca_core.model.annotations import RecipientType
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.notify.mail import notify_approval
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait
from ca_core.orders.stages.issue import abandon_intent
from ca_core.orders.states import OrderEvent


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    needed, order_id = issuance.product.policy.approval.issuance, journal.order.id
    granted = [one for one in await core.store.read(lambda tx: tx.approvals.of(order_id)) if one.granted]
    job.respond(approvedBy=[one.approver for one in granted], approvalsNeeded=needed)
    if len(granted) < needed:
        journal.effect(lambda tx: notify_approval(tx, core.sources, RecipientType.AUTHORIZATION, journal.order))
        return Wait(waiting_for=f"the approval of {needed - len(granted)} more")
    intent = journal.certificate
    if intent is not None and core.sources.now() - intent.not_before > NOT_BEFORE_DISTANCE:
        # It may no longer be signed (BR 7.1.2.7); what was approved is the order, for which another is made.
        abandon_intent(core, journal)
        return Done(event=OrderEvent.INTENT_ABANDONED)
    return Done()


STAGE = Stage(state=OrderState.PENDING_AUTH, job_type=JobType.ISSUE_AUTHORIZATION_JOB, run=_run)
