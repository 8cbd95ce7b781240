"""The order's state machine: one table from (state, event) to state.

Invariants: a terminal state is left only from ISSUED to REVOKED; the CSR is there from KEY_VALIDATION on; serial and
TBS are committed before ISSUE signs; a certificate exists from POST_VALIDATION on, and FAILED after that revokes it.
"""

from enum import StrEnum

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderState


class OrderEvent(StrEnum):
    """What moves an order."""

    SUBMITTED = "CSR submitted"
    DONE = "stage done"
    APPROVAL_REQUIRED = "approval required"
    REJECTED = "rejected"
    INTENT_ABANDONED = "intent abandoned"
    FAILED = "failed"
    REVOKED = "revoked"
    LOST = "lost"


_S, _E = OrderState, OrderEvent

_FORWARD: dict[tuple[OrderState, OrderEvent], OrderState] = {
    (_S.NEW, _E.SUBMITTED): _S.KEY_VALIDATION,
    (_S.PENDING_CSR_RENEWAL, _E.SUBMITTED): _S.KEY_VALIDATION,
    (_S.KEY_VALIDATION, _E.DONE): _S.GENERATE_TBS,
    (_S.GENERATE_TBS, _E.DONE): _S.PRE_VALIDATION,
    (_S.PRE_VALIDATION, _E.DONE): _S.PRE_ISSUE,
    (_S.PRE_VALIDATION, _E.APPROVAL_REQUIRED): _S.PENDING_AUTH,
    (_S.PENDING_AUTH, _E.DONE): _S.PRE_ISSUE,
    (_S.PENDING_AUTH, _E.REJECTED): _S.REJECTED,
    (_S.PENDING_AUTH, _E.INTENT_ABANDONED): _S.GENERATE_TBS,
    (_S.PRE_ISSUE, _E.DONE): _S.ISSUE,
    (_S.ISSUE, _E.DONE): _S.POST_VALIDATION,
    (_S.ISSUE, _E.INTENT_ABANDONED): _S.GENERATE_TBS,
    (_S.POST_VALIDATION, _E.DONE): _S.FINALIZE_ISSUANCE,
    (_S.FINALIZE_ISSUANCE, _E.DONE): _S.ISSUED,
    (_S.ISSUED, _E.REVOKED): _S.REVOKED,
}

TRANSITIONS: dict[tuple[OrderState, OrderEvent], OrderState] = {
    **_FORWARD,
    **{(state, _E.FAILED): _S.FAILED for state in _S if not state.terminal},
    **{(state, _E.LOST): _S.UNKNOWN for state in _S if not state.terminal},
}


def after(state: OrderState, event: OrderEvent) -> OrderState:
    """Return the state that ``event`` leads to; raises INTERNAL for a transition that does not exist."""
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise TriviumError(ErrorKind.INTERNAL, f"An order in state {state} cannot take the event '{event}'.")
    return following


def diagram() -> str:
    """Return the forward transitions as lines ``STATE --event--> STATE``, for ARCHITECTURE.md (a test compares)."""
    return "\n".join(f"{state} --{event}--> {following}" for (state, event), following in _FORWARD.items())
