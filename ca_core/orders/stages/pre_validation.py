"""PRE_VALIDATION: policy, control and CAA of every name, and the lint, before a signature (rules 1, 11, 50, 61)."""

from ca_core.certificates.lint import LintedTbs
from ca_core.core import Core
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.errors import ErrorKind, SubProblem, TriviumError
from ca_core.model.jobs import JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import LintMode
from ca_core.orders.caa import check_caa
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.stages import Done, Stage, Wait
from ca_core.orders.states import OrderEvent


async def _run(core: Core, issuance: Issuance, journal: Journal, job: RunningJob) -> Done | Wait:
    order, parent = journal.order, job.id
    with journal.job(JobType.ISSUE_POLICY_VALIDATION_JOB, parent_id=parent) as child:
        require_authorized(core, order, issuance.authorizations)
        child.respond(authorizations=list(order.authorization_ids), productVersion=order.product_version)
    await check_caa(core, issuance, journal, parent)
    issuance.linted = lint(core, issuance, journal, parent)
    return Done(event=OrderEvent.APPROVAL_REQUIRED if issuance.product.policy.approval.issuance else OrderEvent.DONE)


def require_authorized(core: Core, order: Order, authorizations: tuple[Authorization, ...]) -> None:
    """Raise NOT_READY unless control of every identifier is shown now, by this order's Client and account (rule 50)."""
    now = core.sources.now()
    usable = [
        authorization
        for authorization in authorizations
        if authorization.status_at(now) is AuthorizationStatus.VALID
        and authorization.client_id == order.client_id
        and authorization.account_id in (None, order.account_id)
    ]
    missing = [name for name in order.identifiers if not any(owned.covers(name) for owned in usable)]
    if missing:
        names = ", ".join(name.value for name in missing)
        raise TriviumError(
            ErrorKind.NOT_READY,
            f"Control of {names} is not shown (or no longer); complete a challenge of each authorization first.",
            subproblems=tuple(
                SubProblem(
                    kind=ErrorKind.NOT_READY, detail="Complete a challenge of its authorization.", identifier=name
                )
                for name in missing
            ),
        )


def lint(core: Core, issuance: Issuance, journal: Journal, parent_id: str) -> LintedTbs:
    """Lint exactly the bytes that will be signed, as a job of its own where the product lints."""
    policy, tbs = issuance.product.policy.lint, issuance.tbs
    if tbs is None:
        raise TriviumError(ErrorKind.INTERNAL, "An order reached PRE_VALIDATION without its TBS.")
    if policy.mode is LintMode.OFF:
        return core.linters.lint_tbs(tbs, policy)
    with journal.job(JobType.ISSUE_PRE_LINTING_JOB, parent_id=parent_id, lintSet=policy.lint_set) as child:
        linted = core.linters.lint_tbs(tbs, policy)
        child.respond(findings=[str(finding) for finding in linted.findings])
    return linted


STAGE = Stage(state=OrderState.PRE_VALIDATION, job_type=JobType.ISSUE_PRE_VALIDATION_JOB, run=_run)
