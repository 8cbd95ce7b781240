"""Place an order: the first command of every road."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca_core.access import rate_limits
from ca_core.access.certificate_holders import require_own_names
from ca_core.audit.log import entry
from ca_core.certificates.csr import ParsedCsr
from ca_core.certificates.names import check_identifiers
from ca_core.certificates.tbs import issuer_end
from ca_core.certificates.validity import check_requested_period
from ca_core.core import Core
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.domains import ClientDomain
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.jobs import Job
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.model.products import Product, Road
from ca_core.model.store import Transaction
from ca_core.model.values import replace
from ca_core.orders.annotations import attach, check_annotations
from ca_core.orders.crash import crash_point
from ca_core.orders.fields import field_values, require_no_faults
from ca_core.orders.lifetime import expiry
from ca_core.orders.pending_validation import validation_jobs
from ca_core.orders.product_choice import chosen_product
from ca_core.orders.queries import OrderView
from ca_core.orders.replacement import replaced_by
from ca_core.orders.root_job import root_job
from ca_core.orders.stages.key_validation import refuse_taken_key
from ca_core.validation.coverage import serving_domains
from ca_core.validation.new_authorization import new_authorization
from ca_core.validation.reuse import held_authorizations

WAITING_FOR: Final = "control of every identifier, then the CSR"
WAITING_FOR_CONTROL: Final = "control of every identifier"
TAKEN_OVER_AFTER: Final = timedelta(minutes=1)
"""When a worker runs an order on that waits for nothing, since the process that placed it has not."""


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What is ordered, checked: identifiers in their normal form, and what serves them already.

    That are authorizations, and pre-validated domains of the Client. ``request`` has its validity as a period, and its
    fields as the certificate gets them.
    """

    request: OrderRequest
    product: Product
    identifiers: tuple[Identifier, ...]
    held: Mapping[Identifier, Authorization]
    domains: Mapping[Identifier, ClientDomain]


async def place(
    core: Core,
    request: OrderRequest,
    principal: Principal,
    *,
    beside: Callable[[Transaction, Order], None] | None = None,
    csr: ParsedCsr | None = None,
    product: Product | None = None,
) -> OrderView:
    """Place an order in state NEW; it waits for its authorizations, as far as none is held, and its CSR.

    Return it with what it refers to. ``beside`` runs in the transaction that places it; ``csr`` is the request's,
    parsed, whose key must not be taken, and whose subject fills in the fields that the request leaves open; ``product``
    is what was just chosen for the request. Raises for the product as
    :func:`~ca_core.orders.product_choice.chosen_product`, for the key as
    :func:`~ca_core.orders.stages.key_validation.refuse_taken_key`, IDENTIFIER_REJECTED or IDENTIFIER_UNSUPPORTED with a
    sub-problem per name, MALFORMED for a period, a publication or fields that the product does not give, for what it
    is to replace as :func:`~ca_core.orders.replacement.replaced_by`, for what is to be attached as
    :func:`~ca_core.orders.annotations.check_annotations`; RATE_LIMITED.
    """
    annotations = check_annotations(request)
    request = replace(request, comment=annotations.comment, tags=annotations.tags)
    account_id = principal.id if principal.kind is PrincipalKind.ACME_ACCOUNT else None
    wanted = await core.store.read(lambda tx: _wanted(core, tx, request, principal, account_id, csr, product))
    product, now = wanted.product, core.sources.now()
    made: dict[tuple[Identifier, bool], Authorization] = {}
    for identifier in wanted.identifiers:
        shown_by = (identifier.base, identifier.wildcard)
        if identifier not in wanted.held and shown_by not in made:  # one serves all mailboxes of a domain
            domain = wanted.domains.get(identifier)
            made[shown_by] = new_authorization(core.sources, product, principal, identifier, request.road, domain)
    authorizations = [
        wanted.held.get(identifier) or made[identifier.base, identifier.wildcard] for identifier in wanted.identifiers
    ]
    order = _order(core, wanted.request, principal, wanted, authorizations, now)
    jobs = _jobs(core, order, authorizations)
    record = entry(
        core.sources,
        principal,
        "order.place",
        order.id,
        client_id=order.client_id,
        product=product.id,
        productVersion=product.version,
        identifiers=[str(identifier) for identifier in wanted.identifiers],
        comment=request.comment,
    )

    def add(tx: Transaction) -> OrderView:
        rate_limits.new_order(core, tx, principal, order.client_id)
        placed, replaced = order, None
        if request.replaces is not None:
            replaced = replaced_by(core, tx, order, request.replaces, principal)
            placed = replace(order, replaces=replaced.id)
        tx.authorizations.add(list(made.values()))
        tx.orders.add(placed)
        attach(core, tx, placed, annotations, principal)
        tx.jobs.add(jobs)
        tx.audit.append([record])
        if beside is not None:
            beside(tx, placed)
        return OrderView(order=placed, authorizations=tuple(authorizations), certificate=None, replaced=replaced)

    try:
        placed = await core.store.write(add)
    except TriviumError as error:
        if error.kind is not ErrorKind.CONFLICT or request.replaces is None:
            raise
        placed = await core.store.write(add)  # another order was first: this time it is there, and is named
    crash_point("placed")
    return placed


def _wanted(
    core: Core,
    tx: Transaction,
    request: OrderRequest,
    principal: Principal,
    account_id: str | None,
    csr: ParsedCsr | None,
    product: Product | None,
) -> _Wanted:
    product = product or chosen_product(
        tx, principal, road=request.road, product_id=request.product_id, profile=request.profile
    )
    if csr is not None:
        refuse_taken_key(tx, csr)
    request = check_wishes(core, tx, product, request)
    types = product.policy.profile.kind.identifier_types
    if not types:
        return _Wanted(request=request, product=product, identifiers=(), held={}, domains={})
    identifiers = check_identifiers(
        request.identifiers, product.policy.names, public=product.policy.public, types=types
    )
    fields, faults = field_values(product, request.fields, csr.subject if csr else (), identifiers)
    require_no_faults(faults)
    request = replace(request, fields=fields)
    if principal.kind is PrincipalKind.CERTIFICATE_HOLDER:
        require_own_names(tx, principal, identifiers)
    held = held_authorizations(core, tx, product, account_id, identifiers)
    missing = [identifier for identifier in identifiers if identifier not in held]
    return _Wanted(
        request=request,
        product=product,
        identifiers=identifiers,
        held=held,
        domains=serving_domains(core, tx, product, missing) if request.road is not Road.SYSTEM else {},
    )


def check_wishes(core: Core, tx: Transaction, product: Product, request: OrderRequest) -> OrderRequest:
    """Return the request with its validity as a period; raises MALFORMED for what the product does not give."""
    if request.publish and not product.policy.publish_ldap:
        raise TriviumError(
            ErrorKind.MALFORMED, f"The product {product.name} publishes no certificates; do not ask it to."
        )
    request = _with_period(product, request, core.sources.now())
    if request.not_before is not None or request.not_after is not None:
        _check_period(core, tx, product, request)
    return request


def _with_period(product: Product, request: OrderRequest, now: datetime) -> OrderRequest:
    """Return the request with the validity it asks for as a notAfter, counted as the product's own is (rule 14)."""
    profile = product.policy.profile
    if request.validity is None or request.validity == profile.validity:
        return request
    if request.validity <= profile.backdate:
        raise TriviumError(ErrorKind.MALFORMED, f"The validity must be longer than {profile.backdate} seconds.")
    start = (now - timedelta(seconds=profile.backdate)).replace(microsecond=0)
    try:
        return replace(request, not_after=start + timedelta(seconds=request.validity - 1))
    except OverflowError:
        raise TriviumError(ErrorKind.MALFORMED, "The validity ends after the year 9999.") from None


def _check_period(core: Core, tx: Transaction, product: Product, request: OrderRequest) -> None:
    issuer = tx.issuers.get(product.issuer_id)
    if not product.policy.requested_validity or issuer is None:
        raise TriviumError(
            ErrorKind.MALFORMED,
            f"The product {product.name} sets the validity itself; leave out notBefore and notAfter.",
        )
    check_requested_period(
        product.policy.profile,
        public=product.policy.public,
        now=core.sources.now(),
        issuer_not_after=issuer_end(issuer),
        not_before=request.not_before,
        not_after=request.not_after,
    )


def _jobs(core: Core, order: Order, authorizations: Sequence[Authorization]) -> list[Job]:
    """Return the order's own job and, where it waits for no requester, one for each name that is not shown."""
    if order.csr is None or order.road is Road.SYSTEM:
        return [root_job(order, WAITING_FOR)]
    checks = validation_jobs(core.sources, order, authorizations)
    return [root_job(order, WAITING_FOR_CONTROL, None if checks else order.created_at + TAKEN_OVER_AFTER), *checks]


def _order(
    core: Core,
    request: OrderRequest,
    principal: Principal,
    wanted: _Wanted,
    authorizations: list[Authorization],
    now: datetime,
) -> Order:
    product = wanted.product
    serving = [one for one in authorizations if one.status is AuthorizationStatus.VALID]
    return Order(
        id=core.sources.new_id("ord"),
        client_id=principal.client_id or product.client_id,
        product_id=product.id,
        product_version=product.version,
        product_name=product.name,
        account_id=principal.id if principal.kind is PrincipalKind.ACME_ACCOUNT else None,
        road=request.road,
        placed_by=principal.actor,
        credential_id=principal.credential_id,
        identifiers=wanted.identifiers,
        authorization_ids=tuple(authorization.id for authorization in authorizations),
        state=OrderState.NEW,
        created_at=now,
        expires_at=expiry(product.policy, request, serving, now),
        not_before=request.not_before,
        not_after=request.not_after,
        csr=request.csr,
        possession=request.possession,
        comment=request.comment,
        tags=request.tags,
        publish=product.policy.publish_ldap if request.publish is None else request.publish,
        fields=request.fields,
    )
