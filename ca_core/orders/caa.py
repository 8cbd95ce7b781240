"""CAA of an order's names before the signature: looked up again for each whose permission is no longer recent."""

import asyncio

from ca_core.core import Core
from ca_core.model.authorizations import Authorization, CaaPermission
from ca_core.model.errors import ErrorKind, SubProblem, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.jobs import JobType
from ca_core.model.products import Policy
from ca_core.model.store import Transaction
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal
from ca_core.validation.permission import caa_applies, holds, require_permission


async def check_caa(core: Core, issuance: Issuance, journal: Journal, parent_id: str) -> None:
    """Require permission for **every** name of the order, as a job where one has to be looked up (rule 61).

    What was found is kept with the authorizations, for whatever comes next: a run after a wait, another order.

    Raises CAA, or DNS where that is all there is, with a sub-problem for each name that is not allowed.
    """
    policy, now = issuance.product.policy, core.sources.now()
    due: list[tuple[Identifier, Authorization]] = []
    for name in journal.order.identifiers if policy.caa_identities else ():
        authorization = next(one for one in issuance.authorizations if one.covers(name))
        if caa_applies(policy, name) and not holds(authorization.caa, policy, now):
            due.append((name, authorization))
    if not due:
        return
    with journal.job(
        JobType.ISSUE_CAA_CHECK_VALIDATION_JOB, parent_id=parent_id, names=[name.value for name, _ in due]
    ) as job:
        found = await _permissions(core, policy, due)
        job.respond(identities=list(policy.caa_identities))

    def keep(tx: Transaction) -> None:
        for (_, authorization), permission in zip(due, found, strict=True):
            tx.authorizations.save_permission(authorization.id, permission)

    journal.effect(keep)


async def _permissions(core: Core, policy: Policy, due: list[tuple[Identifier, Authorization]]) -> list[CaaPermission]:
    """Look all of them up at once; raises CAA or DNS for those that are refused."""
    checks = (require_permission(core, policy, name, one.account_id, one.methods) for name, one in due)
    outcomes = await asyncio.gather(*checks, return_exceptions=True)
    found: list[CaaPermission] = []
    refused: list[SubProblem] = []
    for (name, _), outcome in zip(due, outcomes, strict=True):
        if isinstance(outcome, CaaPermission):
            found.append(outcome)
        elif isinstance(outcome, TriviumError):
            refused.append(SubProblem(kind=outcome.kind, detail=outcome.detail, identifier=name))
        else:
            raise outcome
    if refused:
        raise _refusal(refused)
    return found


def _refusal(refused: list[SubProblem]) -> TriviumError:
    kinds = {problem.kind for problem in refused}
    return TriviumError(
        kinds.pop() if len(kinds) == 1 else ErrorKind.CAA,
        refused[0].detail if len(refused) == 1 else f"CAA allows no certificate for {len(refused)} names; see each.",
        subproblems=tuple(refused),
    )
