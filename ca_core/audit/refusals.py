"""Refused requests: recorded under an id that is told to the requester, as far as one address is allowed to."""

from ca_core.access import rate_limits
from ca_core.audit.log import failure
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, Problem
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction

_OUR_FAULTS = frozenset({ErrorKind.INTERNAL, ErrorKind.UNAVAILABLE})


async def record_failure(
    core: Core, problem: Problem, principal: Principal, action: str, object_id: str = ""
) -> Problem:
    """Record a refused request and return its problem with the ``err-`` id under which it is found again.

    An address that has been refused too often leaves no record, or anybody could fill the log (rule 53), and gets
    RATE_LIMITED; save for a used-up nonce, after which good clients behind the same address try again. What is wrong
    on our side is always recorded.
    """
    recorded = problem.recorded_as(core.sources.new_id("err"))
    record = failure(core.sources, principal, action, object_id, recorded)

    def append(tx: Transaction) -> Problem:
        too_many = None if problem.kind in _OUR_FAULTS else rate_limits.refusal(core, tx, principal)
        if too_many is not None:
            return problem if problem.kind is ErrorKind.REPLAYED else too_many
        tx.audit.append([record])
        return recorded

    return await core.store.write(append)
