"""Requests with an idempotency key in the store: a key is claimed by one conditional upsert."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, tuple_, update

from ca_core.model.idempotency import IdempotentRequest
from store.statements import Executor, Statement
from store.tables import idempotent_requests

_COLUMNS = idempotent_requests.c


def _claim(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["actor", "key"],
        set_={name: insert.excluded[name] for name in ("digest", "created_at", "expires_at", "sealed_answer")},
        where=_COLUMNS.expires_at <= insert.excluded.created_at,
    )


_CLAIM = Statement.upsert(idempotent_requests, _claim)
_GET = Statement(
    select(idempotent_requests).where(
        _COLUMNS.actor == bindparam("actor"), _COLUMNS.key == bindparam("key"), _COLUMNS.expires_at > bindparam("now")
    )
)
_ANSWER = Statement(
    update(idempotent_requests)
    .where(_COLUMNS.actor == bindparam("of_actor"), _COLUMNS.key == bindparam("of_key"))
    .values(sealed_answer=bindparam("sealed_answer"))
)
_expired = (
    select(_COLUMNS.actor, _COLUMNS.key)
    .where(_COLUMNS.expires_at <= bindparam("now"))
    .order_by(_COLUMNS.expires_at)
    .limit(bindparam("limit"))
)
_PURGE = Statement(delete(idempotent_requests).where(tuple_(_COLUMNS.actor, _COLUMNS.key).in_(_expired)))


class IdempotentRequestTable:
    """Implements :class:`ca_core.model.repositories.idempotency.IdempotentRequests`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def claim(self, request: IdempotentRequest) -> bool:
        """Take the key; False when another request has it that has not expired when this one begins."""
        return self._run.change(_CLAIM, vars(request)) == 1

    def get(self, actor: str, key: str, now: datetime) -> IdempotentRequest | None:
        """Return the request that has the key and has not expired."""
        row = self._run.one(_GET, {"actor": actor, "key": key, "now": now})
        return None if row is None else IdempotentRequest(**row)

    def answer(self, actor: str, key: str, sealed_answer: bytes) -> None:
        """Store the sealed answer of a request."""
        self._run.change(_ANSWER, {"of_actor": actor, "of_key": key, "sealed_answer": sealed_answer})

    def purge(self, now: datetime, limit: int) -> int:
        """Forget requests that have expired; return how many."""
        return self._run.change(_PURGE, {"now": now, "limit": limit})
