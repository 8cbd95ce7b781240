"""The pipeline: runs a claimed order through its stages until it waits or ends, and persists every step.

Entered by whoever ends a waiting (a submitted CSR, a worker that finds the order due, or its lease run out). Every way
out leaves the order terminal, waiting, or due again: nothing is stuck (rule 6).
"""

import logging

from ca_core.access.suspension import reason_to_stop
from ca_core.certificates.tbs import restore_tbs
from ca_core.core import Core
from ca_core.model.audit import Outcome
from ca_core.model.certificates import CertificateStatus
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState
from ca_core.model.orders import Order, OrderState
from ca_core.model.store import Transaction
from ca_core.orders.back_off import back_off
from ca_core.orders.crash import crash_point
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal
from ca_core.orders.stages import (
    Stage,
    Wait,
    finalize_issuance,
    generate_tbs,
    issue,
    key_validation,
    pending_auth,
    post_validation,
    pre_issue,
    pre_validation,
)

STAGES: dict[OrderState, Stage] = {
    module.STAGE.state: module.STAGE
    for module in (
        key_validation,
        generate_tbs,
        pre_validation,
        pending_auth,
        pre_issue,
        issue,
        post_validation,
        finalize_issuance,
    )
}

MAXIMUM_EXECUTIONS = 50
_BEFORE_SIGNING = frozenset(
    {
        OrderState.NEW,
        OrderState.PENDING_CSR_RENEWAL,
        OrderState.KEY_VALIDATION,
        OrderState.GENERATE_TBS,
        OrderState.PRE_VALIDATION,
        OrderState.PENDING_AUTH,
        OrderState.PRE_ISSUE,
    }
)
"""Where an order stops whose requester is suspended; behind them a certificate may exist."""
_LOG = logging.getLogger("trivium.pipeline")


async def run(core: Core, root: Job) -> Order:
    """Run the order of the claimed job ``root`` on from its rows as long as nothing waits; return it as it is then.

    Raises UNAVAILABLE when the store fails (the lease then runs out and another worker continues), and CONFLICT when
    another worker has taken the order over.
    """
    journal, issuance, stopped = await core.store.read(lambda tx: _load(core, tx, root))
    if stopped is not None and journal.state in _BEFORE_SIGNING:
        return await _fail(core, journal, stopped)
    return await run_stages(core, journal, issuance)


def _load(core: Core, tx: Transaction, root: Job) -> tuple[Journal, Issuance, Problem | None]:
    order = tx.orders.get(root.order_id or "")
    product = tx.products.version(order.product_id, order.product_version) if order else None
    issuer = tx.issuers.get(product.issuer_id) if product else None
    if order is None or product is None or issuer is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The order of job {root.id}, its product version or issuer is gone.")
    current = [one for one in tx.certificates.of_order(order.id) if one.status is not CertificateStatus.ABANDONED]
    certificate = current[0] if current else None
    jobs = [job for job in tx.jobs.of_order(order.id) if job.id != root.id]
    journal = Journal(core, order, root=root, certificate=certificate, jobs=jobs)
    issuance = Issuance(
        product=product,
        issuer=issuer,
        authorizations=tuple(tx.authorizations.get_many(order.authorization_ids)),
        tbs=restore_tbs(certificate, issuer) if certificate else None,
        interrupted=order.state is OrderState.ISSUE and certificate is not None,
    )
    return journal, issuance, reason_to_stop(tx, order)


async def run_stages(core: Core, journal: Journal, issuance: Issuance) -> Order:
    """Run the stages from the order's state on; raises as :func:`run`."""
    try:
        while not journal.state.terminal:
            waits = await _run_stage(core, journal, issuance)
            if waits is not None:
                await journal.commit(JobState.WAITING, waiting_for=waits.waiting_for)
                return journal.order
    except TriviumError as error:
        if error.kind is ErrorKind.UNAVAILABLE and journal.executions < MAXIMUM_EXECUTIONS:
            return await _retry_later(core, journal, error.problem)
        if error.kind is ErrorKind.CONFLICT or (error.kind is ErrorKind.RATE_LIMITED and not journal.begun):
            raise
        return await _fail(core, journal, error.problem)
    except Exception:  # noqa: BLE001 - whatever a stage does, the order must not be stuck (rule 6)
        _LOG.exception("A stage of order %s failed unexpectedly in state %s", journal.order.id, journal.state)
        problem = Problem(kind=ErrorKind.INTERNAL, detail="The order failed inside the gateway; nothing was delivered.")
        return await _fail(core, journal, problem)
    await journal.commit(JobState.SUCCESS)
    crash_point(f"after-{journal.state}")
    return journal.order


async def _run_stage(core: Core, journal: Journal, issuance: Issuance) -> Wait | None:
    stage = STAGES[journal.state]
    crash_point(f"before-{stage.state}")
    with journal.job(stage.job_type) as job:
        if stage.barrier(issuance):
            await journal.commit()
            crash_point(f"committed-{stage.state}")
        outcome = await stage.run(core, issuance, journal, job)
        if isinstance(outcome, Wait):
            job.waiting_for = outcome.waiting_for
            return outcome
    journal.record(f"order.{stage.state.lower()}")
    journal.advance(outcome.event)
    return None


async def _retry_later(core: Core, journal: Journal, problem: Problem) -> Order:
    wait = back_off(problem, journal.executions)
    journal.record("order.retry", Outcome.FAILED, detail=problem.detail, seconds=int(wait.total_seconds()))
    due_at = core.sources.now() + wait
    await journal.commit(JobState.RETRY, due_at=due_at, error=problem)
    return journal.order


async def _fail(core: Core, journal: Journal, problem: Problem) -> Order:
    recorded = problem.recorded_as(core.sources.new_id("err"))
    issue.abandon_intent(core, journal)
    journal.fail(recorded)
    await journal.commit(JobState.FAILED, error=recorded)
    _LOG.warning("Order %s failed: %s (%s)", journal.order.id, recorded.detail, recorded.id)
    return journal.order
