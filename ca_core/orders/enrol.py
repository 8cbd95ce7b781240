"""Enrol: an order that brings its CSR is placed and, as far as nothing is missing, issued at once (CMC, REST)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ca_core.access.requesters import requester
from ca_core.access.suspension import reason_to_stop
from ca_core.audit.log import failure
from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.core import Core
from ca_core.keys.policy import check_public_key
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.jobs import Job, JobState
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import Principal
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.pipeline import run
from ca_core.orders.place import place
from ca_core.orders.product_choice import chosen_product
from ca_core.orders.root_job import root_job_id
from ca_core.orders.stages.key_validation import check_possession, check_purpose
from ca_core.orders.submit import submit_csr, submit_placed, submit_waiting
from ca_core.validation.attempt import fail_waiting_order

_STORE_FAILURES: Final = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT})
_PASSING: Final = _STORE_FAILURES | {ErrorKind.RATE_LIMITED, ErrorKind.NOT_READY}
_ASK_AGAIN: Final = 3600
"""Seconds until it is looked at again whether a requester may order."""


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
    wanted = filled_in(request, parsed, product)
    placed = await place(core, wanted, principal, beside=beside, csr=parsed, product=product)
    if not _is_shown(core, placed.order, placed.authorizations):
        return placed.order
    submission = submit_placed(core, placed, request.csr, principal)
    return await _run_on(core, placed.order, submission, principal, _STORE_FAILURES)


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

    def look(tx: Transaction) -> bool:
        _require_may_order(tx, order, principal)
        return _is_shown(core, order, _held(tx, order))

    if not await core.store.read(look):
        return order
    try:
        return await _run_on(core, order, submit_csr(core, order.id, order.csr, principal), principal, _PASSING)
    except TriviumError as error:
        latest, root = await core.store.read(lambda tx: (tx.orders.get(order.id), tx.jobs.get(root_job_id(order.id))))
        taken_over = root is not None and root.state is not JobState.WAITING
        if error.kind is not ErrorKind.NOT_READY or latest is None or not taken_over:
            raise
        return latest  # a worker was first


async def go_on(core: Core, root: Job) -> None:
    """Run the order of the claimed job ``root`` on, as its worker: one that waits goes on in its requester's name.

    Raises what is worth another try: UNAVAILABLE, CONFLICT, RATE_LIMITED, and FORBIDDEN when the requester may not
    order the product now, which is looked at again in an hour.
    """
    order, principal, stopped, shown = await core.store.read(lambda tx: _waiting(core, tx, root))
    if order.state is not OrderState.NEW:
        await run(core, root)
        return
    if stopped is not None:
        await _end(core, order, principal, TriviumError.of(stopped))
        return
    if not shown:
        await core.store.write(lambda tx: _wait_on(core, tx, root))
        return
    try:
        await core.store.read(lambda tx: _require_may_order(tx, order, principal))
        await submit_waiting(core, root, principal)
    except TriviumError as error:
        if error.kind is ErrorKind.FORBIDDEN:
            raise TriviumError(error.kind, error.detail, retry_after=_ASK_AGAIN) from error
        if error.kind in _PASSING:
            raise
        await _end(core, order, principal, error)


def _waiting(core: Core, tx: Transaction, root: Job) -> tuple[Order, Principal, Problem | None, bool]:
    """Return the order of a job, who placed it, why it is stopped, and whether it waits for nothing any more."""
    order = tx.orders.get(root.order_id or "")
    if order is None:
        raise TriviumError(ErrorKind.INTERNAL, f"The order of job {root.id} is gone.")
    return order, requester(tx, order), reason_to_stop(tx, order), _is_shown(core, order, _held(tx, order))


def _wait_on(core: Core, tx: Transaction, root: Job) -> None:
    """Let an order wait again; what it waits for may have come since it was looked at."""
    tx.jobs.save(replace(root, state=JobState.WAITING, lease_until=None))
    _, _, stopped, shown = _waiting(core, tx, root)
    if stopped is not None or shown:
        tx.jobs.wake(root.id, core.sources.now())


def _held(tx: Transaction, order: Order) -> Sequence[Authorization]:
    return tx.authorizations.get_many(order.authorization_ids)


def _is_shown(core: Core, order: Order, held: Sequence[Authorization]) -> bool:
    """Whether the order has its CSR, and ``held`` show control of all its names."""
    now = core.sources.now()
    return order.csr is not None and all(one.status_at(now) is AuthorizationStatus.VALID for one in held)


def _require_may_order(tx: Transaction, order: Order, principal: Principal) -> None:
    chosen_product(tx, principal, road=order.road, product_id=order.product_id, profile=None)


async def _run_on(
    core: Core, order: Order, submission: Awaitable[Order], principal: Principal, passing: frozenset[ErrorKind]
) -> Order:
    """Await the submission of an order that waits for nothing; what is refused ends it, unless that is ``passing``."""
    try:
        return await submission
    except TriviumError as error:
        if error.kind in passing:
            raise
        return await _end(core, order, principal, error)


async def _end(core: Core, order: Order, principal: Principal, error: TriviumError) -> Order:
    """End an order that is refused once it is placed; return it as it is then."""
    problem = error.problem.recorded_as(core.sources.new_id("err"))
    record = failure(core.sources, principal, "order.submit", order.id, problem)

    def end(tx: Transaction) -> Order:
        fail_waiting_order(core, tx, order.id, problem)
        tx.audit.append([record])
        return tx.orders.get(order.id) or order

    return await core.store.write(end)
