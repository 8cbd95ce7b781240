"""The stages, in order: one module each, a function ``(core, issuance, journal, job) -> Done | Wait``.

A stage that fails raises; the pipeline persists what it did either way.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ca_core.core import Core
from ca_core.model.jobs import JobType
from ca_core.model.orders import OrderState
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal, RunningJob
from ca_core.orders.states import OrderEvent


@dataclass(frozen=True, kw_only=True)
class Done:
    """The stage is over; ``event`` says which way the order goes."""

    event: OrderEvent = OrderEvent.DONE


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The order waits; whoever ends the waiting wakes its job. ``waiting_for`` is a sentence for operators."""

    waiting_for: str


StageRun = Callable[[Core, Issuance, Journal, RunningJob], Awaitable[Done | Wait]]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage and its job type. ``barrier``: whether everything before it is committed before it runs."""

    state: OrderState
    job_type: JobType
    run: StageRun
    barrier: Callable[[Issuance], bool] = lambda _: False
