"""Buckets of rate limits: a row each, taken from by one conditional upsert (the generic cell rate algorithm).

``full_at`` is when the bucket will be full again: each token moves it on by the rate's interval. It must never lie
further ahead than the whole bucket is long. A row whose time has passed says what a missing one does.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, delete, select, update

from ca_core.model.rate_limits import Rate
from store.columns import Time
from store.statements import Executor, Statement
from store.tables import rate_limits

_MICROSECOND = timedelta(microseconds=1)


def _take(insert: Any) -> Any:
    full_at = rate_limits.c.full_at
    now: BindParameter[int] = bindparam("now", required=True)
    interval: BindParameter[int] = bindparam("interval", required=True)
    return insert.values(bucket=bindparam("bucket"), full_at=bindparam("full_at")).on_conflict_do_update(
        index_elements=["bucket"],
        set_={"full_at": case((full_at > now, full_at), else_=now) + interval},
        where=full_at <= bindparam("latest", required=True),
    )


_TAKE = Statement.upsert(rate_limits, _take)
_FULL_AT = Statement(select(rate_limits.c.full_at).where(rate_limits.c.bucket == bindparam("bucket")))
_full = (
    select(rate_limits.c.bucket)
    .where(rate_limits.c.full_at <= bindparam("now"))
    .order_by(rate_limits.c.full_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(rate_limits).where(rate_limits.c.bucket.in_(_full)))

_GIVE_BACK = Statement(
    update(rate_limits)
    .where(rate_limits.c.bucket == bindparam("bucket_is"))
    .values(full_at=rate_limits.c.full_at - bindparam("interval", required=True))
)


class RateLimitTable:
    """Implements :class:`ca_core.model.store.RateLimitBuckets`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def take(self, bucket: str, now: datetime, rate: Rate) -> bool:
        """Take a token; False when there is none."""
        at, interval = Time.store(now), rate.interval // _MICROSECOND
        values = {
            "bucket": bucket,
            "now": at,
            "interval": interval,
            "full_at": at + interval,
            "latest": at + (rate.count - 1) * interval,
        }
        return self._run.change(_TAKE, values) == 1

    def give_back(self, bucket: str, rate: Rate) -> None:
        """Put a token back."""
        self._run.change(_GIVE_BACK, {"bucket_is": bucket, "interval": rate.interval // _MICROSECOND})

    def next_at(self, bucket: str, now: datetime, rate: Rate) -> datetime | None:
        """Return when there will be a token; None when there is one at ``now``."""
        full_at = self.full_at(bucket)
        if full_at is None:
            return None
        at = full_at - (rate.count - 1) * (rate.interval // _MICROSECOND) * _MICROSECOND
        return at if at > now else None

    def full_at(self, bucket: str) -> datetime | None:
        """Return when the bucket will be full again; None, or a time that has passed, when it is."""
        row = self._run.one(_FULL_AT, {"bucket": bucket})
        return None if row is None else Time.load(row["full_at"])

    def purge(self, now: datetime, limit: int) -> int:
        """Forget full buckets; return how many."""
        return self._run.change(_PURGE, {"now": Time.store(now), "limit": limit})
