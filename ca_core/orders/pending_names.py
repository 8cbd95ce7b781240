"""Pending names: what holds up the orders that brought their CSR, and the ways to show control of each name."""

from dataclasses import dataclass
from datetime import datetime

from ca_core.access.authorisation import clients_searched, require
from ca_core.access.visibility import MAX_PAGE, require_sees
from ca_core.core import Core
from ca_core.model.authorizations import Authorization, AuthorizationStatus, Challenge, ValidationMethod
from ca_core.model.errors import Problem
from ca_core.model.identifiers import Identifier
from ca_core.model.jobs import Job
from ca_core.model.orders import Order, OrderState
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal
from ca_core.model.store import Transaction
from ca_core.orders.queries import order_for
from ca_core.validation import dns_change, website_change


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to show control: ``value`` at one of ``places``, domain names of TXT records or a URL.

    ``error`` is what the last look there saw.
    """

    method: ValidationMethod
    places: tuple[str, ...]
    value: str
    error: Problem | None


@dataclass(frozen=True, kw_only=True)
class PendingName:
    """A name that holds an order up, and the ways to show control of it: any one of them will do until ``expires_at``.

    ``looks`` is how often it was looked for, last at ``looked_at``; the next time is ``next_look_at``.
    """

    order_id: str
    client_id: str
    authorization_id: str
    name: Identifier
    ways: tuple[Way, ...]
    expires_at: datetime
    looks: int
    looked_at: datetime | None
    next_look_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PendingPage:
    """The names that hold up the orders of a page. ``next`` is what the next page begins behind; None on the last."""

    names: tuple[PendingName, ...]
    next: str | None


async def pending(core: Core, principal: Principal, *, order_id: str) -> list[PendingName]:
    """Return the names that hold up an order; raises NOT_FOUND, also for somebody else's, and FORBIDDEN."""

    def read(tx: Transaction) -> list[PendingName]:
        return _pending_names(core, tx, order_for(tx, order_id, principal, Permission.ORDER_VIEW))

    return await core.store.read(read)


async def search(
    core: Core, principal: Principal, *, client_id: str | None = None, text: str = "", after: str = "", limit: int
) -> PendingPage:
    """Return what holds up a page of orders, oldest first, behind the order ``after``: of a Client, None: of all.

    ``limit`` counts orders. ``text`` is part of a name of the order, and may have the wildcards ? and *. Raises
    NOT_FOUND for a Client that is not the principal's, FORBIDDEN.
    """
    limit = max(1, min(limit, MAX_PAGE))
    if client_id is not None:
        require_sees(principal, "Client", client_id=client_id)
        require(principal, Permission.ORDER_VIEW, client_id, "Client")
    asked = None if client_id is None else frozenset({client_id})
    allowed = clients_searched(principal, Permission.ORDER_VIEW, asked)

    def read(tx: Transaction) -> PendingPage:
        orders = tx.orders.waiting(allowed, text=text, after=after, limit=limit)
        return PendingPage(
            names=tuple(name for order in orders for name in _pending_names(core, tx, order)),
            next=orders[-1].id if len(orders) == limit else None,
        )

    return await core.store.read(read)


def open_authorizations(core: Core, tx: Transaction, order: Order) -> list[tuple[Authorization, Job]]:
    """Return the authorizations that hold an order up, each with its job."""
    if order.state is not OrderState.NEW or order.csr is None:
        return []
    now = core.sources.now()
    jobs = {job.subject_id: job for job in tx.jobs.of_order(order.id)}
    return [
        (authorization, jobs[authorization.id])
        for authorization in tx.authorizations.get_many(tuple(dict.fromkeys(order.authorization_ids)))
        if authorization.status_at(now) is AuthorizationStatus.PENDING and authorization.id in jobs
    ]


def _pending_names(core: Core, tx: Transaction, order: Order) -> list[PendingName]:
    return [
        PendingName(
            order_id=order.id,
            client_id=order.client_id,
            authorization_id=authorization.id,
            name=authorization.named,
            ways=tuple(_way(authorization, challenge) for challenge in authorization.challenges),
            expires_at=min(order.expires_at, authorization.expires_at),
            looks=job.executions,
            looked_at=job.started_at,
            next_look_at=job.due_at,
        )
        for authorization, job in open_authorizations(core, tx, order)
    ]


def _way(authorization: Authorization, challenge: Challenge) -> Way:
    return Way(
        method=challenge.method,
        places=_places(authorization.identifier, challenge),
        value=challenge.token,
        error=challenge.error,
    )


def _places(identifier: Identifier, challenge: Challenge) -> tuple[str, ...]:
    if challenge.method is ValidationMethod.CA_DNS_CHANGE:
        return dns_change.places(identifier)
    return (website_change.place(identifier, challenge.token),)
