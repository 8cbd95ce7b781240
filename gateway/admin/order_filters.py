"""What the list of orders is searched by, as it stands in the URL."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ca_core.certificates.serials import parse_serial
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.orders import OrderState
from ca_core.model.products import Road
from ca_core.model.repositories.orders import OrderSearch
from gateway.admin.choices import asked_clients
from gateway.admin.visit import Visit

PAGE: Final = 50
"""How many rows a page has."""

_ORDER: Final = re.compile(r"ord-[0-9a-f-]{36}", re.ASCII | re.IGNORECASE)
_SERIAL: Final = re.compile(r"(?:0x)?[0-9a-f](?:[: ]?[0-9a-f]){14,63}", re.ASCII | re.IGNORECASE)
"""What is taken for a serial number in the one field of the search: a CA has those of 64 bits or more (BR 7.1.2.7)."""


@dataclass(frozen=True, kw_only=True)
class AskedOrders:
    """The search, and whether the page before ``search.after`` is asked for instead of the one behind it."""

    search: OrderSearch
    backwards: bool


def asked_orders(visit: Visit) -> AskedOrders:
    """Read the search from the URL; raises MALFORMED for a filter that is none."""
    text, state, road = visit.query("q"), visit.choice("status", OrderState), visit.choice("road", Road)
    order_id = text.lower() if _ORDER.fullmatch(text) else None
    serial = parse_serial(text) if _SERIAL.fullmatch(text) else None
    before, after = visit.query("before"), visit.query("after")
    search = OrderSearch(
        client_ids=asked_clients(visit),
        order_id=order_id,
        serial=serial,
        text=text if text and order_id is None and serial is None else None,
        states=None if state is None else frozenset({state}),
        roads=None if road is None else frozenset({road}),
        product_ids=frozenset({visit.query("product")}) if visit.query("product") else None,
        placed_by=visit.query("placed_by") or None,
        account_id=visit.query("account") or None,
        tags=(visit.query("tag"),) if visit.query("tag") else (),
        start_after=_day(visit, "from"),
        start_before=_day(visit, "until", further=timedelta(days=1)),
        after=before or after or None,
        limit=PAGE,
    )
    return AskedOrders(search=search, backwards=bool(before))


def is_filtered(visit: Visit) -> bool:
    """Whether the list is not that of all orders."""
    return any(visit.query(name) for name in visit.request.query_params if name != "notice")


def _day(visit: Visit, name: str, *, further: timedelta = timedelta()) -> datetime | None:
    """Return the beginning of a day in UTC, or what is so much further."""
    text = visit.query(name)
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + further if text else None
    except (ValueError, OverflowError) as error:
        raise TriviumError(ErrorKind.MALFORMED, f"`{name}` is no day; write it as 2030-01-31.") from error
