"""Place an order: the first command of every road."""

from datetime import datetime, timedelta

from ca_core.access import rate_limits
from ca_core.access.visibility import not_found
from ca_core.audit.log import entry
from ca_core.certificates.names import check_identifiers
from ca_core.core import Core
from ca_core.model.authorizations import Authorization
from ca_core.model.clients import Client
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, ProfileKind
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.crash import crash_point
from ca_core.orders.queries import OrderView
from ca_core.orders.replacement import replaced_by
from ca_core.orders.root_job import root_job
from ca_core.validation.authorizations import new_authorization

WAITING_FOR = "control of every identifier, then the CSR"


async def place(core: Core, request: OrderRequest, principal: Principal) -> OrderView:
    """Place an order in state NEW; it waits for its authorizations and its CSR. Return it with what it refers to.

    Raises NOT_FOUND for a product that is not the principal's Client's, FORBIDDEN for a road the product is not
    ordered over or a suspended Client, IDENTIFIER_REJECTED or IDENTIFIER_UNSUPPORTED with a sub-problem per name, and
    for what it is to replace as :func:`~ca_core.orders.replacement.replaced_by`; RATE_LIMITED.
    """
    product, client = await core.store.read(lambda tx: _product(tx, request, principal))
    _require_orderable(product, client, request)
    identifiers = _identifiers(product, request)
    now = core.sources.now()
    account_id = principal.id if principal.kind is PrincipalKind.ACME_ACCOUNT else None
    authorizations = [
        new_authorization(core.sources, product, account_id, identifier, request.road) for identifier in identifiers
    ]
    order = _order(core, request, principal, product, identifiers, authorizations, now)
    record = entry(
        core.sources,
        principal,
        "order.place",
        order.id,
        client_id=order.client_id,
        product=product.id,
        productVersion=product.version,
        identifiers=[str(identifier) for identifier in identifiers],
    )

    def add(tx: Transaction) -> OrderView:
        rate_limits.new_order(core, tx, principal, order.client_id)
        placed, replaced = order, None
        if request.replaces is not None:
            replaced = replaced_by(core, tx, order, request.replaces, principal)
            placed = replace(order, replaces=replaced.id)
        tx.authorizations.add(authorizations)
        tx.orders.add(placed)
        tx.jobs.add([root_job(placed, WAITING_FOR)])
        tx.audit.append([record])
        return OrderView(order=placed, authorizations=tuple(authorizations), certificate=None, replaced=replaced)

    try:
        placed = await core.store.write(add)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT or request.replaces is None:
            raise
        placed = await core.store.write(add)  # another order was first: this time it is there, and is named
    crash_point("placed")
    return placed


def _product(tx: Transaction, request: OrderRequest, principal: Principal) -> tuple[Product, Client]:
    product = tx.products.get(request.product_id)
    if product is None or (principal.client_id is not None and principal.client_id != product.client_id):
        raise not_found("product")
    client = tx.clients.get(product.client_id)
    if client is None:
        raise not_found("Client")
    return product, client


def _require_orderable(product: Product, client: Client, request: OrderRequest) -> None:
    if client.suspended:
        raise TriviumError(ErrorKind.FORBIDDEN, f"The Client {client.name} is suspended; ask its operator.")
    if request.road not in product.roads:
        raise TriviumError(
            ErrorKind.FORBIDDEN, f"The product {product.name} cannot be ordered over {request.road}; choose another."
        )
    if request.not_before is not None or request.not_after is not None:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"The product {product.name} sets the validity itself; leave out notBefore and notAfter.",
        )


def _identifiers(product: Product, request: OrderRequest) -> tuple[Identifier, ...]:
    if product.policy.profile.kind is ProfileKind.OCSP_RESPONDER:
        return ()
    return check_identifiers(request.identifiers, product.policy.names, public=product.policy.public)


def _order(
    core: Core,
    request: OrderRequest,
    principal: Principal,
    product: Product,
    identifiers: tuple[Identifier, ...],
    authorizations: list[Authorization],
    now: datetime,
) -> Order:
    return Order(
        id=core.sources.new_id("ord"),
        client_id=product.client_id,
        product_id=product.id,
        product_version=product.version,
        account_id=principal.id if principal.kind is PrincipalKind.ACME_ACCOUNT else None,
        road=request.road,
        placed_by=principal.actor,
        identifiers=identifiers,
        authorization_ids=tuple(authorization.id for authorization in authorizations),
        state=OrderState.NEW,
        created_at=now,
        expires_at=now + timedelta(seconds=product.policy.order_lifetime),
        comment=request.comment,
        tags=request.tags,
    )
