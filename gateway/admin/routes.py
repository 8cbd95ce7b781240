"""The admin page's application: its pages, its files, and what goes around them."""

from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.admin import (
    account,
    acme,
    api_keys,
    approvals,
    audit,
    catalogue,
    certificates,
    clients,
    cmc_clients,
    dashboard,
    domains,
    external_certificates,
    issuance,
    order_attachments,
    order_details,
    orders,
    passkeys,
    products,
    revocation,
    roles,
    static,
    users,
)
from gateway.admin.front_end import BASE, FrontEnd
from gateway.admin.protection import Protected
from gateway.admin.refusals import answer_refusals
from gateway.admin.sign_in.routes import routes as sign_in_routes

ROUTES: Final[tuple[Route, ...]] = (
    *static.routes,
    *sign_in_routes,
    *dashboard.routes,
    *external_certificates.routes,
    *issuance.routes,
    *approvals.routes,
    *domains.routes,
    *orders.routes,
    *order_details.routes,
    *order_attachments.routes,
    *certificates.routes,
    *revocation.routes,
    *acme.routes,
    *cmc_clients.routes,
    *clients.routes,
    *users.routes,
    *roles.routes,
    *products.routes,
    *catalogue.routes,
    *audit.routes,
    *account.routes,
    *passkeys.routes,
    *api_keys.routes,
)
"""Every page and form; a test walks through them with another Client's ids."""


def applications(front_end: FrontEnd) -> dict[str, ASGIApp]:
    """Return the application by the path that it answers everything below of."""
    app = Starlette(routes=[*ROUTES])
    app.router.redirect_slashes = False
    app.state.front_end = front_end
    answer_refusals(app)
    return {BASE: Protected(app)}
