"""Challenges of CMC clients in the store."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select, tuple_

from ca_core.model.cmc_clients import CmcChallenge
from ca_core.model.values import of_members
from store.statements import Executor, Statement
from store.tables import cmc_challenges

_KEY = (cmc_challenges.c.cmc_client_id, cmc_challenges.c.transaction, cmc_challenges.c.request)
_PUT = Statement.upsert(
    cmc_challenges,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["cmc_client_id", "transaction", "request"],
        set_={"sealed": insert.excluded.sealed, "expires_at": insert.excluded.expires_at},
    ),
)
_TAKE = Statement(
    delete(cmc_challenges)
    .where(
        cmc_challenges.c.cmc_client_id == bindparam("cmc_client_id"),
        cmc_challenges.c.transaction == bindparam("transaction"),
        cmc_challenges.c.request == bindparam("request"),
    )
    .returning(*cmc_challenges.c)
)
_expired = (
    select(*_KEY)
    .where(cmc_challenges.c.expires_at <= bindparam("now"))
    .order_by(cmc_challenges.c.expires_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(cmc_challenges).where(tuple_(*_KEY).in_(_expired)))


class CmcChallengeTable:
    """Implements :class:`ca_core.model.store.CmcChallenges`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def put(self, challenge: CmcChallenge) -> None:
        """Store a challenge in the place of an older one for the same request."""
        self._run.change(_PUT, vars(challenge))

    def take(self, cmc_client_id: str, transaction: bytes, request: bytes) -> CmcChallenge | None:
        """Return the challenge of a request and forget it: of any number of answers, one meets it."""
        key = {"cmc_client_id": cmc_client_id, "transaction": transaction, "request": request}
        row = self._run.one(_TAKE, key)
        return None if row is None else of_members(CmcChallenge, row)

    def purge(self, now: datetime, limit: int) -> int:
        """Forget challenges that have expired; return how many."""
        return self._run.change(_PURGE, {"now": now, "limit": limit})
