"""Read the audit log, as far as the principal may."""

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

_WHAT: Final = "audit record"


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
