"""Several processes on one database: nothing is lost, nothing happens twice."""

from pathlib import Path

from ca_core.model.jobs import JobState
from store.database import Database
from tests.store.samples import HOUR, ISSUER, NOW, add_basics, job, order
from tests.store.workers import run_processes, start


async def test_rows_of_four_processes_are_all_there(url: str, database: Database) -> None:
    """A row that was acknowledged would be lost, or stored twice, under contention (fault I8)."""
    assert run_processes(url, 4, "consume_own", 8, 63) == [504] * 4
    assert await database.write(lambda tx: tx.once.purge(NOW, 5000)) == 2016


async def test_one_of_a_hundred_uses_is_the_first(url: str, database: Database) -> None:
    """A nonce replayed at several workers at once would be accepted twice (rule 38)."""
    assert sum(run_processes(url, 4, "consume_same", 25)) == 1
    assert await database.write(lambda tx: tx.once.consume("same", "value", NOW)) is False


async def test_each_due_job_is_claimed_by_one_worker(url: str, database: Database) -> None:
    """A stage would run twice (rule 5)."""
    jobs = [job() for _ in range(200)]
    await database.write(add_basics)
    await database.write(lambda tx: tx.jobs.add(jobs))
    claimed = [job_id for ids in run_processes(url, 4, "claim_all") for job_id in ids]
    assert sorted(claimed) == [one.id for one in jobs]
    after = await database.read(lambda tx: [tx.jobs.get(one.id) for one in jobs])
    assert {(one.state, one.fence, one.executions) for one in after if one} == {(JobState.PROCESSING, 1, 1)}
    again = await database.write(
        lambda tx: tx.jobs.claim_due(owner="z", now=NOW + HOUR, lease_until=NOW + 2 * HOUR, limit=500)
    )
    assert len(again) == 200


async def test_crl_numbers_rise_in_every_process(url: str, database: Database) -> None:
    """Two CRLs would carry one number, or a later one a lower number (rule 80)."""
    await database.write(add_basics)
    taken = run_processes(url, 4, "crl_numbers", 25)
    assert sorted(number for numbers in taken for number in numbers) == list(range(1, 101))
    assert all(numbers == sorted(numbers) for numbers in taken)
    assert await database.write(lambda tx: tx.crls.next_number(ISSUER.id)) == 101


async def test_one_of_two_hundred_saves_wins(url: str, database: Database) -> None:
    """Two finalizes would both take the order to processing (rule 5)."""
    placed = order()
    await database.write(add_basics)
    await database.write(lambda tx: tx.orders.add(placed))
    reached = run_processes(url, 4, "save_order", placed.id, 50)
    # Each process reads before it saves: those that read after the winner's commit may win the next revision.
    revisions = [revision for process in reached for revision in process]
    assert sorted(revisions) == list(range(1, len(revisions) + 1))
    assert all(len(process) <= 1 for process in reached)


async def test_what_was_acknowledged_survives_the_death_of_its_process(
    url: str, database: Database, tmp_path: Path
) -> None:
    """An answer would have left before its commit (fault I8)."""
    process = start(url, "write_until_killed", 0)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    acknowledged = [process.stdout.readline().strip() for _ in range(300)]
    process.kill()
    rest, _ = process.communicate(timeout=30)
    acknowledged += rest.split("\n")[:-1]
    again = await database.write(lambda tx: [tx.once.consume("kill", value, NOW) for value in acknowledged])
    assert len(acknowledged) >= 300
    assert not any(again)
