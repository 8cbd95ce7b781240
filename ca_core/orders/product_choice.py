"""Which product an order gets: the one place that decides it, for every road."""

from ca_core.access import certificate_holders, cmc_clients
from ca_core.access.authorisation import require
from ca_core.access.visibility import not_found
from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, ProfileKind, Road
from ca_core.model.store import Transaction


def offered_products(tx: Transaction, client_id: str, road: Road) -> list[Product]:
    """Return what a Client orders over ``road``, by name."""
    return [product for product in tx.products.of_client(client_id) if road in product.roads]


def chosen_product(
    tx: Transaction, principal: Principal, *, road: Road, product_id: str, profile: str | None
) -> Product:
    """Return the product that the principal gets over ``road``: that of ``product_id``, or its Client's ``profile``.

    ``profile`` is a product's name, by which requesters choose (draft-ietf-acme-profiles-00). Raises NOT_FOUND for a
    product of another Client, INVALID_PROFILE for a name that the principal cannot choose, FORBIDDEN for a road the
    product is not ordered over, that is off for the Client, a suspended Client or a missing permission.
    """
    product = tx.products.get(product_id)
    renews_itself = product is not None and _is_dedicated(principal, product)
    if product is None:
        raise not_found("product")
    if not renews_itself:
        require(principal, Permission.ORDER_CREATE, product.client_id, "product")
    client = tx.clients.get(principal.client_id or product.client_id)
    if client is None:
        raise not_found("Client")
    _require_may_order(tx, principal, product, client, road)
    if profile is not None and profile != product.name:
        return _by_name(tx, principal, product.client_id, road, profile)
    if road not in product.roads:
        raise TriviumError(
            ErrorKind.FORBIDDEN, f"The product {product.name} cannot be ordered over {road}; choose another."
        )
    return product


def _require_may_order(tx: Transaction, principal: Principal, product: Product, client: Client, road: Road) -> None:
    """Raise FORBIDDEN unless the Client may order at all, and the principal what it asks for."""
    if client.suspended:
        raise TriviumError(ErrorKind.FORBIDDEN, f"The Client {client.name} is suspended; ask its operator.")
    if road is Road.CMC:
        cmc_clients.require_cmc(client)
    if _is_dedicated(principal, product):
        cmc_clients.require_may_renew(tx, principal, product)
    elif principal.kind is PrincipalKind.CMC_CLIENT:
        cmc_clients.require_may_order(tx, principal, product)
    elif principal.kind is PrincipalKind.CERTIFICATE_HOLDER:
        certificate_holders.require_may_renew(tx, principal, product)


def _is_dedicated(principal: Principal, product: Product) -> bool:
    """Whether a CMC client asks for a dedicated certificate, which the gateway's own Client has the product for."""
    return principal.kind is PrincipalKind.CMC_CLIENT and product.policy.profile.kind is ProfileKind.CMC_CLIENT


def _by_name(tx: Transaction, principal: Principal, client_id: str, road: Road, name: str) -> Product:
    allowed = _bound_to(tx, principal)
    choice = {
        product.name: product
        for product in offered_products(tx, client_id, road)
        if allowed is None or product.id in allowed
    }
    if name not in choice:
        detail = f"There is no such profile for you here; choose one of: {', '.join(choice)}."
        raise TriviumError(ErrorKind.INVALID_PROFILE, detail)
    return choice[name]


def _bound_to(tx: Transaction, principal: Principal) -> tuple[str, ...] | None:
    """Return the products that an account's external account key allows; None without one."""
    account = tx.accounts.get(principal.id) if principal.kind is PrincipalKind.ACME_ACCOUNT else None
    if account is None or account.binding is None:
        return None
    key = tx.external_account_keys.get(account.binding.key_id)
    return key.product_ids if key else ()
