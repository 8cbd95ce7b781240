"""What the processes of the multi-process tests do; each is started by :func:`run_processes`."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ca_core.model.errors import ErrorKind, TriviumError
from store.database import Database, open_store
from tests.store.samples import HOUR, ISSUER, NOW

_ROOT = Path(__file__).parents[2]
_TIMEOUT = 120


def start(url: str, work: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a process that opens the store, says ``ready``, and does ``work`` once it reads a line."""
    command = [sys.executable, "-m", "tests.store.workers", url, work, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def run_processes(url: str, count: int, work: str, *arguments: object) -> list[Any]:
    """Do ``work`` in ``count`` processes at once; return what each printed as JSON."""
    processes = [start(url, work, index, *arguments) for index in range(count)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=_TIMEOUT)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * count
    return [json.loads(output) for output in outputs]


async def consume_own(store: Database, index: str, lanes: str, each: str) -> int:
    """Use up values of this process's own, in parallel lanes; return how many were new."""

    async def lane(number: int) -> int:
        new = 0
        for step in range(int(each)):
            value = f"{index}-{number}-{step}"
            new += await store.write(lambda tx, value=value: tx.once.consume("own", value, NOW))  # type: ignore[misc]
        return new

    return sum(await asyncio.gather(*[lane(number) for number in range(int(lanes))]))


async def consume_same(store: Database, _index: str, attempts: str) -> int:
    """Use up one value many times at once; return how many attempts were told that they were the first."""
    consumed = await asyncio.gather(
        *[store.write(lambda tx: tx.once.consume("same", "value", NOW)) for _ in range(int(attempts))]
    )
    return sum(consumed)


async def claim_all(store: Database, index: str) -> list[str]:
    """Claim due jobs until there are none; return the ids of those claimed."""
    claimed: list[str] = []
    for _ in range(1000):
        jobs = await store.write(lambda tx: tx.jobs.claim_due(owner=index, now=NOW, lease_until=NOW + HOUR, limit=3))
        if not jobs:
            return claimed
        claimed += [job.id for job in jobs]
    raise AssertionError("the jobs never end")


async def crl_numbers(store: Database, _index: str, count: str) -> list[int]:
    """Take CRL numbers in parallel; return them in the order they were taken."""
    return list(
        await asyncio.gather(*[store.write(lambda tx: tx.crls.next_number(ISSUER.id)) for _ in range(int(count))])
    )


async def save_order(store: Database, index: str, order_id: str, attempts: str) -> list[int]:
    """Save an order by compare-and-set, many times at once from one reading; return the revisions reached."""
    order = await store.read(lambda tx: tx.orders.get(order_id))
    assert order is not None

    async def attempt() -> int | None:
        try:
            return (await store.write(lambda tx: tx.orders.save(order))).revision
        except TriviumError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise
            return None

    reached = await asyncio.gather(*[attempt() for _ in range(int(attempts))])
    return [revision for revision in reached if revision is not None]


async def write_until_killed(store: Database, index: str) -> None:
    """Use up values for ever in eight lanes, printing each once it is acknowledged."""

    async def lane(number: int) -> None:
        for step in range(1_000_000):
            value = f"{index}-{number}-{step}"
            await store.write(lambda tx, value=value: tx.once.consume("kill", value, NOW))  # type: ignore[misc]
            print(value, flush=True)  # noqa: T201 - what the test reads

    await asyncio.gather(*[lane(number) for number in range(8)])


async def _main(url: str, work: str, *arguments: str) -> None:
    works: dict[str, Callable[..., Awaitable[Any]]] = {
        function.__name__: function
        for function in (consume_own, consume_same, claim_all, crl_numbers, save_order, write_until_killed)
    }
    store = open_store(url)
    await store.read(lambda tx: tx.clients.all())
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    sys.stdin.readline()
    result = await works[work](store, *arguments)
    store.close()
    print(json.dumps(result))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
