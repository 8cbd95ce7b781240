"""Orders on the wire: newOrder, read, finalize, the account's list (RFC 8555 sections 7.1.2.1, 7.1.3 and 7.4)."""

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from ca_core.certificates.renewal import identifier_of
from ca_core.core import Core
from ca_core.model.authorizations import Authorization, AuthorizationStatus
from ca_core.model.errors import TriviumError
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.products import Road
from ca_core.orders import queries
from ca_core.orders.lifetime import is_lost
from ca_core.orders.place import place
from ca_core.orders.product_choice import offered_products
from ca_core.orders.queries import OrderView
from ca_core.orders.submit import submit_csr
from gateway.acme.accounts import require_own
from gateway.acme.auth import ByAccount, ResourceRequest, payload_object, require_post_as_get
from gateway.acme.codec import JsonObject, decode_base64url, format_time, malformed, optional_string, optional_time
from gateway.acme.directory import Directory
from gateway.acme.errors import about_csr, problem_object
from gateway.acme.front_end import POLL, FrontEnd, Header, Reply, json_reply, link, location
from gateway.acme.identifiers import identifier_object, parse_identifiers
from gateway.acme.renewal_info import format_certificate_identifier, optional_certificate_identifier

_PAGE = 100
_CURSOR = re.compile(r"cursor=(ord-[0-9a-f-]{36})", re.ASCII)

_ENDED_WELL = frozenset({OrderState.ISSUED, OrderState.REVOKED})


async def new_order(front_end: FrontEnd, request: ByAccount) -> Reply:
    """Place an order for the identifiers (RFC 8555 section 7.4)."""
    payload = payload_object(request)
    placed = await place(
        request.core,
        OrderRequest(
            product_id=request.account.product_id,
            road=Road.ACME,
            identifiers=parse_identifiers(payload.get("identifiers")),
            not_before=optional_time(payload, "notBefore"),
            not_after=optional_time(payload, "notAfter"),
            profile=optional_string(payload, "profile"),
            replaces=optional_certificate_identifier(payload, "replaces"),
        ),
        request.principal,
    )
    return _reply(front_end, placed, HTTPStatus.CREATED)


async def profiles(core: Core, directory: Directory) -> dict[str, str]:
    """Return what can be ordered at a directory, with a description each; nothing where accounts are of many Clients.

    Accounts there may name a profile all the same (draft-ietf-acme-profiles-00 section 3).
    """
    enrolment = directory.enrolment
    if enrolment is None:
        return {}
    offered = await core.store.read(lambda tx: offered_products(tx, enrolment.client_id, Road.ACME))
    return {product.name: product.description or product.name for product in offered}


async def order(front_end: FrontEnd, request: ResourceRequest) -> Reply:
    """Read an order (RFC 8555 section 7.4)."""
    require_post_as_get(request)
    view = await queries.get(request.core, request.path["id"], request.principal)
    return _reply(front_end, view)


async def finalize(front_end: FrontEnd, request: ByAccount) -> Reply:
    """Take the CSR; the order is valid at once, or processing for a while (RFC 8555 section 7.4)."""
    csr = decode_base64url(payload_object(request).get("csr"), '"csr"')
    try:
        order = await submit_csr(request.core, request.path["id"], csr, request.principal)
    except TriviumError as error:
        raise TriviumError.of(about_csr(error.problem)) from error
    # What the order refers to is read only where the answer shows it.
    if order.state is OrderState.NEW or order.replaces is not None:
        view = await queries.get(request.core, order.id, request.principal)
    else:
        view = OrderView(order=order, authorizations=(), certificate=None, replaced=None)
    return _reply(front_end, view)


async def orders(front_end: FrontEnd, request: ByAccount) -> Reply:
    """List the account's orders, oldest first, a page at a time; those that failed are left out (section 7.1.2.1)."""
    require_own(request)
    require_post_as_get(request)
    page = await queries.of_account(request.core, request.principal, after=_cursor(request.query), limit=_PAGE)
    now = front_end.core.sources.now()
    directory = front_end.directory
    urls = [directory.order(order.id) for order in page if order_status(order, (), now) != "invalid"]
    more = (
        [link(f"{directory.account(request.account.id)}/orders?cursor={page[-1].id}", "next")]
        if len(page) == _PAGE
        else []
    )
    return json_reply({"orders": urls}, *more)


def order_status(order: Order, authorizations: Sequence[Authorization], now: datetime) -> str:
    """Return the status of an order as ACME sees it (RFC 8555 section 7.1.6): a view of its state.

    ``pending`` as long as an authorization is missing, ``ready`` when all are valid and the CSR is missing,
    ``processing`` while the stages run, ``valid`` when there is a certificate, be it revoked since; ``invalid`` when
    it failed, was rejected or expired, or when an authorization can no longer become valid.
    """
    if order.state in _ENDED_WELL:
        return "valid"
    if order.state.terminal:
        return "invalid"
    if order.state is not OrderState.NEW:
        return "processing"
    if is_lost(order, authorizations, now):
        return "invalid"
    pending = any(authorization.status is AuthorizationStatus.PENDING for authorization in authorizations)
    return "pending" if pending else "ready"


def _reply(front_end: FrontEnd, view: OrderView, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    obj = _order_object(front_end, view)
    headers: list[Header] = [location(front_end.directory.order(view.order.id))]
    if obj["status"] == "processing":
        headers.append(POLL)
    return json_reply(obj, *headers, status=status)


def _order_object(front_end: FrontEnd, view: OrderView) -> JsonObject:
    directory, order = front_end.directory, view.order
    status = order_status(order, view.authorizations, front_end.core.sources.now())
    obj: JsonObject = {
        "status": status,
        "expires": format_time(order.expires_at),
        "identifiers": [identifier_object(identifier) for identifier in order.identifiers],
        "profile": order.product_name,
        "authorizations": [directory.authorization(authorization_id) for authorization_id in order.authorization_ids],
        "finalize": f"{directory.order(order.id)}/finalize",
    }
    if order.not_before is not None:
        obj["notBefore"] = format_time(order.not_before)
    if order.not_after is not None:
        obj["notAfter"] = format_time(order.not_after)
    if view.replaced is not None:
        obj["replaces"] = format_certificate_identifier(identifier_of(view.replaced))
    if order.error is not None:
        obj["error"] = problem_object(about_csr(order.error), directory)
    if status == "valid" and order.certificate_id is not None:
        obj["certificate"] = directory.certificate(order.certificate_id)
    return obj


def _cursor(query: str) -> str | None:
    """Read where the page begins; raises MALFORMED for a query that no Link of ours has."""
    if not query:
        return None
    match = _CURSOR.fullmatch(query)
    if match is None:
        raise malformed('Follow the Link with rel="next" of the last page as it is.')
    return match[1]
