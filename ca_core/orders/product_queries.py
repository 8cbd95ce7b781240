"""Read products, as far as the principal may."""

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import MAX_PAGE, not_found
from ca_core.core import Core
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.products import Product, Road
from ca_core.model.store import Transaction


async def get(core: Core, product_id: str, principal: Principal) -> Product:
    """Return the current version of a product; raises NOT_FOUND, also for another Client's, and FORBIDDEN."""

    def read(tx: Transaction) -> Product:
        product = tx.products.get(product_id)
        if product is None:
            raise not_found("product")
        require(principal, Permission.PRODUCT_VIEW, product.client_id, "product")
        return product

    return await core.store.read(read)


async def search(
    core: Core,
    principal: Principal,
    *,
    client_ids: frozenset[str] | None = None,
    road: Road | None = None,
    text: str = "",
    after: str | None = None,
    limit: int,
) -> list[Product]:
    """Return a page of the products of these Clients (None: of all the principal has), by id, behind ``after``.

    ``road`` leaves those alone that are ordered over it, ``text`` those with it in the name or the description, in any
    case. Raises FORBIDDEN.
    """
    allowed = clients_searched(principal, Permission.PRODUCT_VIEW, client_ids)
    wanted = text.lower()
    found = sorted(
        (
            product
            for product in await core.store.read(lambda tx: tx.products.all(allowed))
            if product.id > (after or "")
            and (road is None or road in product.roads)
            and wanted in f"{product.name}\n{product.description}".lower()
        ),
        key=lambda product: product.id,
    )
    return found[: max(1, min(limit, MAX_PAGE))]
