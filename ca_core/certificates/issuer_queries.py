"""Read issuers and their CRLs: those that the principal's Clients have products of."""

from ca_core.access.authorisation import clients_searched
from ca_core.access.visibility import not_found
from ca_core.core import Core
from ca_core.model.certificates import Crl
from ca_core.model.issuers import Issuer
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction


async def get(core: Core, issuer_id: str, principal: Principal) -> Issuer:
    """Return an issuer; raises NOT_FOUND, also for one that the principal has no products of, and FORBIDDEN."""
    return await core.store.read(lambda tx: _issuer(tx, issuer_id, principal, Permission.ISSUER_VIEW))


async def search(core: Core, principal: Principal) -> list[Issuer]:
    """Return the issuers, oldest first; raises FORBIDDEN."""
    return await core.store.read(lambda tx: issuers_seen(tx, principal, Permission.ISSUER_VIEW))


async def crl(core: Core, issuer_id: str, principal: Principal) -> Crl:
    """Return an issuer's newest CRL; raises as :func:`get`, and NOT_FOUND when it has published none."""

    def read(tx: Transaction) -> Crl:
        found = tx.crls.latest(_issuer(tx, issuer_id, principal, Permission.CRL_VIEW).id)
        if found is None:
            raise not_found("CRL")
        return found

    return await core.store.read(read)


async def crls(core: Core, principal: Principal) -> list[Crl]:
    """Return the newest CRL of each issuer that has published one; raises FORBIDDEN."""

    def read(tx: Transaction) -> list[Crl]:
        newest = (tx.crls.latest(issuer.id) for issuer in issuers_seen(tx, principal, Permission.CRL_VIEW))
        return [one for one in newest if one is not None]

    return await core.store.read(read)


def _issuer(tx: Transaction, issuer_id: str, principal: Principal, permission: Permission) -> Issuer:
    for issuer in issuers_seen(tx, principal, permission):
        if issuer.id == issuer_id:
            return issuer
    raise not_found("issuer")


def issuers_seen(tx: Transaction, principal: Principal, permission: Permission) -> list[Issuer]:
    """Return the issuers of the products of the Clients that ``permission`` is held for; raises FORBIDDEN."""
    allowed = clients_searched(principal, permission, None)
    issuers = sorted(tx.issuers.all(), key=lambda issuer: issuer.id)
    if allowed is None:
        return issuers
    used = {product.issuer_id for product in tx.products.all(allowed)}
    return [issuer for issuer in issuers if issuer.id in used]
