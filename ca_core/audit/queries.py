"""Read the audit log, as far as the principal may."""

from ca_core.access.authorisation import clients_searched
from ca_core.access.visibility import MAX_PAGE
from ca_core.core import Core
from ca_core.model.audit import AuditRecord
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.repositories.audit import AuditSearch
from ca_core.model.values import replace


async def search(core: Core, query: AuditSearch, principal: Principal) -> list[AuditRecord]:
    """Return the records the query finds among those of the Clients whose log the principal may read, newest first.

    Records of no Client are for the operator alone. Raises FORBIDDEN.
    """
    client_ids = clients_searched(principal, Permission.AUDIT_VIEW, query.client_ids)
    allowed = replace(query, client_ids=client_ids, limit=max(1, min(query.limit, MAX_PAGE)))
    return await core.store.read(lambda tx: tx.audit.search(allowed))
