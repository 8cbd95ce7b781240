"""Domain validation: the domains that Clients show control of ahead of orders, and the names that orders wait for."""

from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from ca_core.access.authorisation import clients_with, permitted
from ca_core.model.errors import ErrorKind, Problem, TriviumError
from ca_core.model.permissions import Permission
from ca_core.orders import pending_names, pending_validation
from ca_core.orders.pending_names import PendingPage
from ca_core.validation import dns_change, domains
from ca_core.validation.domains import MAX_AT_ONCE, identifier_of
from gateway.admin.choices import client_names, clients_that
from gateway.admin.page import act, show
from gateway.admin.refusals import recorded
from gateway.admin.sections import DOMAINS
from gateway.admin.visit import Visit

PAGE: Final = 50
"""How many rows a list has; of the names that orders wait for, how many orders."""
_TYPED_ANEW: Final = frozenset({ErrorKind.MALFORMED, ErrorKind.IDENTIFIER_REJECTED, ErrorKind.IDENTIFIER_UNSUPPORTED})


async def domain_list(visit: Visit) -> Response:
    """Show the domains by name, and the form that registers more."""
    return await _list(visit)


async def register_domains(visit: Visit) -> Response:
    """Register domains, one a line; a refusal shows them again."""
    names = [line.strip() for line in visit.form.text("names").split("\n") if line.strip()]
    try:
        made = await domains.register(visit.core, visit.form.text("client"), names, visit.principal)
    except TriviumError as error:
        if error.kind not in _TYPED_ANEW:
            raise
        return await _list(visit, await recorded(visit.request, error.problem))
    if len(made) == 1:
        return visit.to(f"/admin/domains/{made[0].id}", "domains-registered")
    return visit.to("/admin/domains", "domains-registered")


async def domain_page(visit: Visit) -> Response:
    """Show a domain with the record that shows control of it."""
    domain = await domains.get(visit.core, visit.path("domain_id"), visit.principal)
    return await visit.page(
        "domain.html",
        domain=domain,
        status_now=domain.status_at(visit.core.sources.now()),
        usable=domain.token is not None and domain.token.usable_at(visit.core.sources.now()),
        places=dns_change.places(identifier_of(domain)),
        may_change=permitted(visit.principal, Permission.DOMAIN_UPDATE, domain.client_id),
        may_delete=permitted(visit.principal, Permission.DOMAIN_DELETE, domain.client_id),
        clients=await client_names(visit),
    )


async def validate_domain(visit: Visit) -> Response:
    """Look for the token now."""
    domain = await domains.validate_now(visit.core, visit.path("domain_id"), visit.principal)
    shown = not domain.awaits_check_at(visit.core.sources.now())
    return visit.to(f"/admin/domains/{domain.id}", "domain-shown" if shown else "domain-not-shown")


async def renew_domain_token(visit: Visit) -> Response:
    """Give the domain a new token."""
    domain = await domains.reset_token(visit.core, visit.path("domain_id"), visit.principal)
    return visit.to(f"/admin/domains/{domain.id}", "domain-token-renewed")


async def delete_domain_token(visit: Visit) -> Response:
    """Take the domain's token back."""
    domain = await domains.delete_token(visit.core, visit.path("domain_id"), visit.principal)
    return visit.to(f"/admin/domains/{domain.id}", "domain-token-deleted")


async def delete_domain(visit: Visit) -> Response:
    """Delete the domain."""
    await domains.delete(visit.core, visit.path("domain_id"), visit.principal)
    return visit.to("/admin/domains", "domain-deleted")


async def pending_order_validations(visit: Visit) -> Response:
    """Show the names that orders wait for, or one order (``order`` in the URL), with what shows control of each."""
    found = await _pending(visit)
    may_look = clients_that(visit, Permission.ORDER_UPDATE, [one.client_id for one in found.names])
    return await visit.page(
        "domains_pending.html",
        names=found.names,
        may_look=may_look,
        clients=await client_names(visit),
        following=visit.url(after=found.next, notice=None) if found.next else None,
    )


async def validate_order(visit: Visit) -> Response:
    """Look now for control of every name that the order waits for."""
    order_id = visit.path("order_id")
    left = await pending_validation.validate(visit.core, order_id, visit.principal)
    if left:
        return visit.to("/admin/domains/pending", "order-not-shown", order=order_id)
    return visit.to(f"/admin/orders/{order_id}", "order-shown")


async def _list(visit: Visit, problem: Problem | None = None) -> Response:
    found = await domains.search(
        visit.core,
        visit.principal,
        client_id=visit.query("client") or None,
        text=visit.query("text"),
        after=visit.query("after"),
        limit=PAGE,
    )
    now, clients = visit.core.sources.now(), await client_names(visit)
    content: dict[str, Any] = {
        "domains": found,
        "now": now,
        "may_change": clients_that(visit, Permission.DOMAIN_UPDATE, [one.client_id for one in found]),
        "clients": clients,
        "following": visit.url(after=found[-1].place, notice=None) if len(found) == PAGE else None,
    }
    if visit.is_part:
        return visit.part("domains_found.html", **content)
    allowed = clients_with(visit.principal, Permission.DOMAIN_CREATE)
    registering = clients if allowed is None else {one: clients.get(one, one) for one in sorted(allowed)}
    return await visit.page("domains.html", problem=problem, registering=registering, most=MAX_AT_ONCE, **content)


async def _pending(visit: Visit) -> PendingPage:
    if order_id := visit.query("order"):
        return PendingPage(
            names=tuple(await pending_names.pending(visit.core, visit.principal, order_id=order_id)), next=None
        )
    return await pending_names.search(
        visit.core,
        visit.principal,
        client_id=visit.query("client") or None,
        text=visit.query("text"),
        after=visit.query("after"),
        limit=PAGE,
    )


routes: Final[list[Route]] = [
    show("", domain_list, DOMAINS),
    act("", register_domains, DOMAINS),
    show("/pending", pending_order_validations, DOMAINS),
    act("/pending/{order_id}/validate", validate_order, DOMAINS),
    show("/{domain_id}", domain_page, DOMAINS),
    act("/{domain_id}/validate", validate_domain, DOMAINS),
    act("/{domain_id}/token", renew_domain_token, DOMAINS),
    act("/{domain_id}/delete-token", delete_domain_token, DOMAINS),
    act("/{domain_id}/delete", delete_domain, DOMAINS),
]
