"""The order's state machine."""

from pathlib import Path

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderState
from ca_core.orders.pipeline import STAGES
from ca_core.orders.states import TRANSITIONS, OrderEvent, after, diagram

ARCHITECTURE = Path(__file__).parents[2] / "ARCHITECTURE.md"


def test_the_documented_diagram_is_the_table() -> None:
    """ARCHITECTURE.md would describe another state machine than the one that runs."""
    assert diagram() in ARCHITECTURE.read_text()


def test_every_state_that_is_not_terminal_can_fail() -> None:
    """An order could be stuck for ever where an error has no way out (rule 6)."""
    for state in OrderState:
        assert ((state, OrderEvent.FAILED) in TRANSITIONS) is not state.terminal


def test_only_revocation_leaves_a_terminal_state() -> None:
    """A finished order could come to life again and issue twice (rule 5)."""
    left = {(state, event) for state, event in TRANSITIONS if state.terminal}
    assert left == {(OrderState.ISSUED, OrderEvent.REVOKED)}


def test_every_state_is_reached() -> None:
    """A state of the users' service would exist in name only."""
    reached = set(TRANSITIONS.values()) | {OrderState.NEW, OrderState.PENDING_CSR_RENEWAL}
    assert reached == set(OrderState)


def test_the_stages_lead_from_submission_to_issued() -> None:
    """A stage would be missing from the pipeline, and the order stop in front of it."""
    state, passed = after(OrderState.NEW, OrderEvent.SUBMITTED), []
    while not state.terminal:
        passed.append(STAGES[state].state)
        needs_approval = state is OrderState.PRE_VALIDATION
        state = after(state, OrderEvent.APPROVAL_REQUIRED if needs_approval else OrderEvent.DONE)
    assert state is OrderState.ISSUED
    assert passed == list(STAGES)


def test_an_impossible_event_is_refused() -> None:
    """A bug could move an order along an edge that does not exist."""
    with pytest.raises(TriviumError) as refused:
        after(OrderState.ISSUED, OrderEvent.DONE)
    assert refused.value.kind is ErrorKind.INTERNAL
