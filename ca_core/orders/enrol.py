"""Enrol: an order that brings its CSR is placed and, as far as nothing is missing, issued at once (CMC, REST)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ca_core.audit.log import failure
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.core import Core
from ca_core.keys.policy import check_public_key
from ca_core.model.authorizations import AuthorizationStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import Principal
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.orders.place import place
from ca_core.orders.product_choice import chosen_product
from ca_core.orders.queries import get
from ca_core.orders.stages.key_validation import check_possession, check_purpose, refuse_taken_key
from ca_core.orders.submit import submit_csr
from ca_core.validation.attempt import fail_waiting_order

_STORE_FAILURES: Final = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT})
_PASSING: Final = _STORE_FAILURES | {ErrorKind.RATE_LIMITED, ErrorKind.NOT_READY}


async def enrol(
    core: Core,
    request: OrderRequest,
    principal: Principal,
    *,
    beside: Callable[[Transaction, Order], None] | None = None,
) -> Order:
    """Place an order for what ``request.csr`` asks for and run it on; return it as it is then.

    Its names, and the subject attributes for which the product has fields, are the order's as far as the request says
    nothing of its own over a road that overrides CSRs. A bad CSR leaves no order. Where control of a name must be shown
    first, the order waits with its CSR, and :func:`resume` goes on. An order that is refused once it is placed ends
    with the reason, rather than wait for a CSR that nobody will submit. ``beside`` runs in the transaction that places
    the order. Raises as :func:`~ca_core.orders.place.place` and, for a bad CSR, as
    :func:`~ca_core.orders.submit.submit_csr`.
    """
    if request.csr is None:
        raise TriviumError(ErrorKind.MALFORMED, "The request brings no CSR.")
    product = await core.store.read(
        lambda tx: chosen_product(
            tx, principal, road=request.road, product_id=request.product_id, profile=request.profile
        )
    )
    parsed = parse_request(request.csr, request.possession)
    check_request(parsed, request, product)
    await core.store.read(lambda tx: refuse_taken_key(tx, parsed))
    placed = await place(core, filled_in(request, parsed, product), principal, beside=beside, csr=parsed)
    return await _run_on(core, placed.order, principal, _STORE_FAILURES)


def check_request(csr: ParsedCsr, request: OrderRequest, product: Product) -> None:
    """Refuse a request whose key the product does not certify; raises as the stage KEY_VALIDATION."""
    check_public_key(csr.public_key, product.policy.keys, document=csr.pkcs10)
    check_purpose(csr, product.policy.profile)
    check_possession(product, request.possession)


def filled_in(request: OrderRequest, csr: ParsedCsr, product: Product) -> OrderRequest:
    """Return the request with the CSR's names where it names none itself, or may not."""
    if request.road.overrides_csr and request.identifiers:
        return request
    names = csr.named(product.policy.profile.kind.identifier_types)
    return replace(request, identifiers=tuple(sorted(names)))


async def resume(core: Core, order: Order, principal: Principal) -> Order:
    """Run an order on that waits with its CSR, if control of all its names is shown by now; return it as it is then.

    Raises FORBIDDEN when ``principal`` may no longer order the product, and RATE_LIMITED, which leaves the order
    waiting; what no later attempt can mend ends it.
    """
    if order.state is not OrderState.NEW or order.csr is None:
        return order
    await core.store.read(
        lambda tx: chosen_product(tx, principal, road=order.road, product_id=order.product_id, profile=None)
    )
    return await _run_on(core, order, principal, _PASSING)


async def _run_on(core: Core, order: Order, principal: Principal, passing: frozenset[ErrorKind]) -> Order:
    """Submit the order's CSR if it is time to; what is refused ends the order, unless it is ``passing``."""
    if order.csr is None:
        return order
    view = await get(core, order.id, principal)
    now = core.sources.now()
    if any(one.status_at(now) is not AuthorizationStatus.VALID for one in view.authorizations):
        return view.order
    try:
        return await submit_csr(core, order.id, order.csr, principal)
    except TriviumError as error:
        if error.kind in passing:
            raise
        problem = error.problem.recorded_as(core.sources.new_id("err"))
        record = failure(core.sources, principal, "order.submit", order.id, problem)

        def end(tx: Transaction) -> Order:
            fail_waiting_order(core, tx, order.id, problem)
            tx.audit.append([record])
            return tx.orders.get(order.id) or order

        return await core.store.write(end)
