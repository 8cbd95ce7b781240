"""Read the audit log, as far as the principal may."""

from collections.abc import AsyncIterator
from typing import Final

from ca_core.access.authorisation import clients_searched, permitted, require
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.audit import AuditSearch
from ca_core.model.store import Transaction
from ca_core.model.values import replace

MAX_EXPORT: Final = 100_000
"""Records of one export."""
_WHAT: Final = "audit record"
_EXPORT_PAGE: Final = 500


async def get(core: Core, record_id: str, principal: Principal) -> AuditRecord:
    """Return a record; raises NOT_FOUND, also for another Client's and for one of no Client, and FORBIDDEN."""

    def read(tx: Transaction) -> AuditRecord:
        record = tx.audit.get(record_id)
        if record is None or (record.client_id is None and not permitted(principal, Permission.AUDIT_VIEW, None)):
            raise not_found(_WHAT)
        require(principal, Permission.AUDIT_VIEW, record.client_id, _WHAT)
        return record

    return await core.store.read(read)


async def search(core: Core, query: AuditSearch, principal: Principal) -> list[AuditRecord]:
    """Return the records the query finds among those of the Clients whose log the principal may read, newest first.

    Records of no Client are for the operator alone. Raises FORBIDDEN.
    """
    client_ids = clients_searched(principal, Permission.AUDIT_VIEW, query.client_ids)
    allowed = replace(query, client_ids=client_ids, limit=max(1, min(query.limit, MAX_PAGE)))
    return await core.store.read(lambda tx: tx.audit.search(allowed))


async def export(core: Core, query: AuditSearch, principal: Principal) -> AsyncIterator[list[AuditRecord]]:
    """Return the pages of all records that :func:`search` would find, MAX_EXPORT at most.

    Raises FORBIDDEN before the first page. Each is read when it is asked for; none waits for another in memory.
    """
    client_ids = clients_searched(principal, Permission.AUDIT_VIEW, query.client_ids)
    return _pages(core, replace(query, client_ids=client_ids, limit=_EXPORT_PAGE))


async def _pages(core: Core, query: AuditSearch) -> AsyncIterator[list[AuditRecord]]:
    for _ in range(MAX_EXPORT // _EXPORT_PAGE):
        page = await core.store.read(lambda tx, query=query: tx.audit.search(query))  # type: ignore[misc]
        if not page:
            return
        yield page
        query = replace(query, before=page[-1].id)
