"""Additional recipients of an order's mail in the store."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import bindparam, delete, select

from ca_core.model.annotations import AdditionalRecipient
from ca_core.model.values import of_members
from store.spread import spread
from store.statements import Executor, Statement
from store.tables import order_recipients

_KEY = (order_recipients.c.order_id, order_recipients.c.email, order_recipients.c.recipient_type)
_PUT = Statement.upsert(
    order_recipients,
    lambda insert: insert.on_conflict_do_update(index_elements=_KEY, set_={"language": insert.excluded.language}),
)
_REMOVE = Statement(
    delete(order_recipients).where(*(column == bindparam(column.name, type_=column.type) for column in _KEY))
)
_OF_ORDER = Statement(
    select(order_recipients.c.email, order_recipients.c.recipient_type, order_recipients.c.language)
    .where(order_recipients.c.order_id == bindparam("order_id"))
    .order_by(order_recipients.c.email, order_recipients.c.recipient_type)
)


@cache
def _of_orders(names: tuple[str, ...]) -> Statement:
    """The recipients of so many orders."""
    return Statement(
        select(order_recipients)
        .where(order_recipients.c.order_id.in_([bindparam(name) for name in names]))
        .order_by(*_KEY)
    )


class RecipientTable:
    """Implements :class:`ca_core.model.repositories.annotations.Recipients`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def put(self, order_id: str, recipients: Sequence[AdditionalRecipient]) -> None:
        """Add recipients; one that is there already gets the language."""
        self._run.change_many(_PUT, [{"order_id": order_id, **vars(one)} for one in recipients])

    def remove(self, order_id: str, recipients: Sequence[AdditionalRecipient]) -> None:
        """Remove recipients, whatever their language; one that is not there changes nothing."""
        self._run.change_many(_REMOVE, [{"order_id": order_id, **vars(one)} for one in recipients])

    def of_order(self, order_id: str) -> list[AdditionalRecipient]:
        """Return the order's recipients, by address, then by type."""
        return [of_members(AdditionalRecipient, row) for row in self._run.all(_OF_ORDER, {"order_id": order_id})]

    def of_orders(self, order_ids: Sequence[str]) -> dict[str, list[AdditionalRecipient]]:
        """Return the recipients of each of these orders that has any."""
        found: dict[str, list[AdditionalRecipient]] = {}
        wanted = spread("order", order_ids) if order_ids else {}
        for row in self._run.all(_of_orders(tuple(wanted)), wanted) if wanted else ():
            found.setdefault(row.pop("order_id"), []).append(of_members(AdditionalRecipient, row))
        return found
