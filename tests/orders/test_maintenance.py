"""The hourly tidying up."""

from datetime import timedelta

import pytest

from ca_core.model.jobs import Job, JobState, TimerType
from ca_core.orders import maintenance
from tests.orders.workshop import Workshop


async def test_tidying_keeps_up_with_a_busy_gateway(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that uses more nonces in an hour than one run forgets must run again soon, or its disk fills up."""
    monkeypatch.setattr(maintenance, "PURGE_LIMIT", 3)
    core, now = workshop.core, workshop.clock.now()
    job = Job(id="job-1", type=TimerType.HOURLY, state=JobState.PROCESSING, created_at=now)
    for number in range(5):
        await core.store.write(lambda tx, number=number: tx.once.consume("nonce", f"{number}", now))  # type: ignore[misc]
    workshop.clock.advance(hours=1)
    runs = [await maintenance.tidy(core, job) for _ in range(2)]
    assert [response["forgottenOnceValues"] for response, _ in runs] == [3, 2]
    assert [following for _, following in runs] == [timedelta(seconds=1), timedelta(hours=1)]
