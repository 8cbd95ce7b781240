"""CRLs and their numbers in the store."""

from datetime import datetime

from sqlalchemy import bindparam, case, delete, insert, select

from ca_core.model.certificates import Crl, CrlHead
from ca_core.model.errors import ErrorKind, TriviumError
from store.statements import Executor, Statement
from store.tables import crl_numbers, crls

_TAKE = Statement.upsert(
    crl_numbers,
    lambda insert: (
        insert.values(issuer_id=bindparam("issuer_id"), taken=1, published=0)
        .on_conflict_do_update(index_elements=["issuer_id"], set_={"taken": crl_numbers.c.taken + 1})
        .returning(crl_numbers.c.taken)
    ),
)
# One row an issuer is the lock: two publishers meet at it, and the later sees what the earlier published.
_RAISE = Statement.upsert(
    crl_numbers,
    lambda insert: insert.values(
        issuer_id=bindparam("issuer_id"), taken=bindparam("taken"), published=bindparam("published")
    ).on_conflict_do_update(
        index_elements=["issuer_id"],
        set_={
            "published": insert.excluded.published,
            "taken": case(
                (crl_numbers.c.taken < insert.excluded.taken, insert.excluded.taken), else_=crl_numbers.c.taken
            ),
        },
        where=crl_numbers.c.published < insert.excluded.published,
    ),
)
KEPT = 10
"""How many numbers back CRLs are kept: a busy CA makes thousands a day, each complete."""

_ADD = Statement(insert(crls))
_FORGET = Statement(
    delete(crls).where(crls.c.issuer_id == bindparam("issuer_id"), crls.c.number <= bindparam("number"))
)
_LATEST = Statement(
    select(crls).where(crls.c.issuer_id == bindparam("issuer_id")).order_by(crls.c.number.desc()).limit(1)
)

_LATEST_BEFORE = Statement(
    select(crls)
    .where(crls.c.issuer_id == bindparam("issuer_id"), crls.c.this_update < bindparam("moment"))
    .order_by(crls.c.number.desc())
    .limit(1)
)

_LATEST_HEAD = Statement(
    select(crls.c.number, crls.c.this_update, crls.c.next_update)
    .where(crls.c.issuer_id == bindparam("issuer_id"))
    .order_by(crls.c.number.desc())
    .limit(1)
)


class CrlTable:
    """Implements :class:`ca_core.model.store.Crls`."""

    def __init__(self, executor: Executor) -> None:
        self._run = executor

    def next_number(self, issuer_id: str) -> int:
        """Take the next CRL number of the issuer: strictly rising, from the database (rule 80)."""
        row = self._run.one(_TAKE, {"issuer_id": issuer_id})
        if row is None:
            raise TriviumError(ErrorKind.INTERNAL, f"No CRL number could be taken for issuer {issuer_id}.")
        return int(row["taken"])

    def publish(self, crl: Crl) -> None:
        """Store it as the newest and forget old ones; raises CONFLICT when its number is not above the newest one's."""
        raised = self._run.change(_RAISE, {"issuer_id": crl.issuer_id, "taken": crl.number, "published": crl.number})
        if not raised:
            raise TriviumError(
                ErrorKind.CONFLICT, f"CRL {crl.number} is not newer than the published one; make a new one."
            )
        self._run.change(_ADD, vars(crl))
        self._run.change(_FORGET, {"issuer_id": crl.issuer_id, "number": crl.number - KEPT})

    def latest(self, issuer_id: str) -> Crl | None:
        """Return the newest published CRL."""
        row = self._run.one(_LATEST, {"issuer_id": issuer_id})
        return None if row is None else Crl(**row)

    def latest_before(self, issuer_id: str, moment: datetime) -> Crl | None:
        """Return the newest CRL made before ``moment`` of those that are kept."""
        row = self._run.one(_LATEST_BEFORE, {"issuer_id": issuer_id, "moment": moment})
        return None if row is None else Crl(**row)

    def latest_head(self, issuer_id: str) -> CrlHead | None:
        """Return what the newest published CRL says of itself, without reading it."""
        row = self._run.one(_LATEST_HEAD, {"issuer_id": issuer_id})
        return None if row is None else CrlHead(**row)
