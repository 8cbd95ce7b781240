"""Whether the time it takes to refuse a token tells who is a user (rule 52): Welch's t of four kinds of stranger.

``python -m benchmarks.token_refusal [SAMPLES]``. Each refusal is timed in this process, in random order, against an
installation of its own on SQLite: nothing of a network hides what the code does. |t| below 4.5 is no difference.
"""

import asyncio
import gc
import math
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import jwt

from ca_core.access import api_keys, users
from ca_core.access.tokens import authenticate
from ca_core.access.users import NewUser
from ca_core.certificates.lint import Linters
from ca_core.core import Core
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import TriviumError
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.users import UserKind
from gateway.initialise import Wish, initialise
from gateway.sources import system_sources
from gateway.wiring import opened_core

LIMIT = 4.5
PASSPHRASE = "of an installation that is gone in a minute"  # noqa: S105
OPERATOR = Principal(kind=PrincipalKind.OPERATOR, id="benchmark")
STRANGERS = ("known-one-key", "known-two-keys", "nobody-at-all-1", "nobody-at-all-2")


async def main(samples: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        wish = Wish(name="Time", algorithm=KeyAlgorithm.P256, key_in_token=False, root_passphrase=PASSPHRASE)
        made = await asyncio.to_thread(initialise, Path(directory) / "ca", wish, system_sources(), OPERATOR, {})
        async with opened_core(made.installation, worker="time", linters=Linters(), environment={}) as opened:
            await furnish(opened.core)
            times = await measure(opened.core, samples)
    report(times)


async def furnish(core: Core) -> None:
    """Make two users, of whom one has two keys."""
    client = await core.store.read(lambda tx: tx.clients.by_name("default"))
    client_id = client.id if client else ""
    for name in STRANGERS[:2]:
        request = NewUser(name=name, kind=UserKind.OPERATOR, role="ra-viewer", client_id=client_id)
        await users.create(core, request, OPERATOR)
    await api_keys.create(core, STRANGERS[1], client_id, OPERATOR)


async def measure(core: Core, samples: int) -> dict[str, list[int]]:
    """Return the nanoseconds of each refusal."""
    now = int(time.time())
    claims = {"iss": "SwissPKI", "aud": "REST API", "iat": now, "nbf": now, "exp": now + 3600}
    tokens = {name: jwt.encode(claims | {"sub": name}, "x" * 64, "HS256") for name in STRANGERS}
    times: dict[str, list[int]] = {name: [] for name in STRANGERS}
    order = list(STRANGERS) * samples
    random.shuffle(order)
    gc.disable()
    for name in [*STRANGERS * 500, *order]:
        begun = time.perf_counter_ns()
        try:
            await authenticate(core, tokens[name], "127.0.0.1")
        except TriviumError:
            times[name].append(time.perf_counter_ns() - begun)
    gc.enable()
    return {name: taken[500:] for name, taken in times.items()}


def report(times: dict[str, list[int]]) -> None:
    """Print a line a kind: how long, and Welch's t against the first nobody; means leave out the slowest hundredth."""
    slowest = sorted(one for taken in times.values() for one in taken)[-sum(map(len, times.values())) // 100]
    kept = {name: [one for one in taken if one < slowest] for name, taken in times.items()}
    base = kept[STRANGERS[2]]
    for name, taken in kept.items():
        t = welch(taken, base)
        print(
            f"{name:18} {len(taken):7} refusals  median {statistics.median(taken) / 1000:7.1f} us  "
            f"mean {statistics.fmean(taken) / 1000:7.1f} us  t {t:6.2f}  {'even' if abs(t) < LIMIT else 'TELLS'}"
        )


def welch(one: list[int], other: list[int]) -> float:
    """Return Welch's t of two samples."""
    variance = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(variance)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 25_000))
