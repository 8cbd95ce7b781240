"""Buckets of rate limits on SQLite and PostgreSQL: how many, when again, and shared by all workers (rule 53)."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_core.model.rate_limits import Rate
from store.database import Database, open_store
from tests.store.samples import NOW

MINUTE = timedelta(minutes=1)
FIVE = Rate(5, 5 * MINUTE)


@pytest.fixture
def workers(url: str) -> Iterator[list[Database]]:
    """Two workers on one database."""
    stores = [open_store(url) for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


async def take(store: Database, now: datetime = NOW, rate: Rate = FIVE, bucket: str = "b") -> bool:
    """Take a token."""
    return await store.write(lambda tx: tx.rate_limits.take(bucket, now, rate))


async def next_at(store: Database, now: datetime = NOW) -> datetime | None:
    """Ask when there will be a token."""
    return await store.read(lambda tx: tx.rate_limits.next_at("b", now, FIVE))


async def test_workers_share_a_bucket_that_refills(workers: list[Database]) -> None:
    """A limit would hold for each worker apart, or never end (rule 53)."""
    first, second = workers
    assert [await take(workers[turn % 2]) for turn in range(7)] == [True] * 5 + [False] * 2
    assert await next_at(first) == await next_at(second) == NOW + MINUTE
    assert await next_at(first, NOW + MINUTE) is None
    almost = NOW + MINUTE - timedelta(microseconds=1)
    assert not await take(second, almost)
    assert await take(second, NOW + MINUTE)
    assert not await take(first, NOW + MINUTE)
    assert [await take(first, NOW + 60 * MINUTE) for _ in range(6)] == [True] * 5 + [False]
    assert await take(first, bucket="another")


async def test_of_parallel_takers_so_many_get_one(workers: list[Database]) -> None:
    """More would come through the more there are at once (rule 53)."""
    taken = await asyncio.gather(*(take(workers[turn % 2]) for turn in range(40)))
    assert sum(taken) == 5


async def test_what_is_rolled_back_was_not_taken(workers: list[Database]) -> None:
    """A refused order would count as one that was placed."""

    def take_and_fail(tx: object) -> None:
        tx.rate_limits.take("b", NOW, FIVE)  # type: ignore[attr-defined]
        raise KeyError

    for _ in range(5):
        with pytest.raises(KeyError):
            await workers[0].write(take_and_fail)
    assert await next_at(workers[1]) is None
    assert await take(workers[1])


async def test_full_buckets_are_forgotten(workers: list[Database]) -> None:
    """The table would keep a row for every address and name that ever came by."""
    store = workers[0]
    for number in range(3):
        await take(store, NOW + number * MINUTE, bucket=f"b{number}")
    assert await store.write(lambda tx: tx.rate_limits.purge(NOW + MINUTE, 10)) == 1
    assert await store.write(lambda tx: tx.rate_limits.purge(NOW + 9 * MINUTE, 1)) == 1
    assert await store.write(lambda tx: tx.rate_limits.purge(NOW + 9 * MINUTE, 10)) == 1


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1000/1h", Rate(1000, 60 * MINUTE)),
        ("5/30s", Rate(5, MINUTE / 2)),
        ("7/2d", Rate(7, timedelta(days=2))),
        ("1/90m", Rate(1, 90 * MINUTE)),
    ],
)
def test_rates_are_read_as_they_are_written(text: str, rate: Rate) -> None:
    """An operator would set another limit than the one in the file."""
    assert Rate.parse(text) == rate
    assert str(rate) == text


@given(count=st.integers(1, 999_999), amount=st.integers(1, 999), unit=st.sampled_from("smhd"))
def test_every_rate_is_written_as_it_can_be_read(count: int, amount: int, unit: str) -> None:
    """`trivium settings` would show a rate that trivium.toml does not take."""
    rate = Rate.parse(f"{count}/{amount}{unit}")
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/h", "5/h", "0/1h", "-1/1h", "5/0s", "5/1w", "5/1.5h", "\u0665/1h", "on", "9999999/1h"]
)
def test_other_rates_are_refused_with_an_example(text: str) -> None:
    """A typing error would be a limit of its own (rule 94)."""
    with pytest.raises(ValueError, match="1000/1h"):
        Rate.parse(text)


def test_off_is_off() -> None:
    """A limit could not be switched off."""
    assert Rate.parse("off") == Rate.parse("0")
    assert str(Rate.parse("0")) == "off"


async def test_how_full_a_bucket_is(workers: list[Database]) -> None:
    """An API's answers could not say how many requests are left (rule 53)."""
    first, second = workers
    assert await second.read(lambda tx: tx.rate_limits.full_at("b")) is None
    for _ in range(3):
        assert await take(first)
    assert await second.read(lambda tx: tx.rate_limits.full_at("b")) == NOW + 3 * MINUTE
