"""Submit the CSR of an order: the pipeline runs from here (RFC 8555 section 7.4)."""

from collections.abc import Sequence

from ca_core.access import rate_limits
from ca_core.core import Core
from ca_core.model.authorizations import Authorization
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.jobs import Job
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.issuance import Issuance
from ca_core.orders.journal import Journal
from ca_core.orders.pipeline import run_stages
from ca_core.orders.queries import OrderView, order_for
from ca_core.orders.stages.key_validation import check_csr, refuse_taken_key
from ca_core.orders.stages.pre_validation import require_authorized
from ca_core.orders.states import OrderEvent


async def submit_csr(core: Core, order_id: str, csr: bytes, principal: Principal) -> Order:
    """Take the CSR (DER) of a ready order and run the pipeline on; return the order as it is then.

    The CSR is checked first and a bad one leaves the order as it was. Of any number of submissions one wins, by
    compare-and-set in the transaction that commits the intent, before anything is signed; the others have worked in
    vain and get NOT_READY (rule 5). Raises NOT_FOUND, NOT_READY, BAD_CSR, BAD_KEY, BAD_ALGORITHM; RATE_LIMITED, which
    leaves the order as it was too.
    """
    order, issuance = await core.store.read(lambda tx: _visible(tx, order_id, principal))
    return await _submit(core, order, issuance, csr, principal, None)


async def submit_placed(core: Core, placed: OrderView, csr: bytes, principal: Principal) -> Order:
    """Submit the CSR of an order for whoever has just placed it; raises as :func:`submit_csr`."""
    order, issuance = await core.store.read(lambda tx: _load(tx, placed.order, placed.authorizations))
    return await _submit(core, order, issuance, csr, principal, None)


async def submit_waiting(core: Core, root: Job, principal: Principal) -> Order:
    """Submit, for ``principal`` who placed it, the CSR that an order has waited with; ``root`` is its claimed job.

    Raises as :func:`submit_csr`, and CONFLICT when another worker has taken the job over; then the order is as it was.
    """
    order, issuance = await core.store.read(lambda tx: _of_job(tx, root))
    if order.csr is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The order {order.id} waits without a CSR.")
    return await _submit(core, order, issuance, order.csr, principal, root)


async def _submit(
    core: Core, order: Order, issuance: Issuance, csr: bytes, principal: Principal, root: Job | None
) -> Order:
    _require_ready(core, order, issuance)
    parsed = check_csr(
        csr, product=issuance.product, identifiers=order.identifiers, road=order.road, possession=order.possession
    )

    def require(tx: Transaction) -> None:
        refuse_taken_key(tx, parsed)
        rate_limits.require_certificate(core, tx, principal, order)

    await core.store.read(require)
    issuance.csr = parsed
    journal = Journal(core, order, root=root)
    journal.advance(OrderEvent.SUBMITTED, csr=parsed.der)
    journal.record("order.submit", principal=principal)
    journal.require(lambda tx: rate_limits.count_certificate(core, tx, principal, order))
    try:
        return await run_stages(core, journal, issuance)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT or (root is not None and not journal.begun):
            raise
        if not journal.begun:
            raise TriviumError(
                ErrorKind.NOT_READY, "The order has been finalized already; read it to see how far it is."
            ) from error
        # Another worker has taken the order over: it goes on, and the requester reads how far it is.
        return await core.store.read(lambda tx: tx.orders.get(order.id)) or journal.order


def _visible(tx: Transaction, order_id: str, principal: Principal) -> tuple[Order, Issuance]:
    order = order_for(tx, order_id, principal, Permission.ORDER_CREATE)
    return _load(tx, order, tx.authorizations.get_many(order.authorization_ids))


def _of_job(tx: Transaction, root: Job) -> tuple[Order, Issuance]:
    order = tx.orders.get(root.order_id or "")
    if order is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The order of job {root.id} is gone.")
    return _load(tx, order, tx.authorizations.get_many(order.authorization_ids))


def _load(tx: Transaction, order: Order, authorizations: Sequence[Authorization]) -> tuple[Order, Issuance]:
    product = tx.products.version(order.product_id, order.product_version)
    issuer = tx.issuers.get(product.issuer_id) if product else None
    if product is None or issuer is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The product version {order.product_version} or its issuer is gone.")
    return order, Issuance(product=product, issuer=issuer, authorizations=tuple(authorizations))


def _require_ready(core: Core, order: Order, issuance: Issuance) -> None:
    if order.state is not OrderState.NEW:
        raise TriviumError(
            ErrorKind.NOT_READY, f"The order has been finalized already (it is {order.state}); place a new one."
        )
    if core.sources.now() >= order.expires_at:
        raise TriviumError(ErrorKind.NOT_READY, "The order has expired; place a new one.")
    require_authorized(core, order, issuance.authorizations)
