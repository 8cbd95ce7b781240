"""The dashboard: what expires, what waits, and whether the CRLs are fresh."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ca_core.certificates import certificate_queries
from ca_core.certificates.expiring import Ending, expiring
from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.external_certificates import ExternalCertificate
from ca_core.model.products import Product
from ca_core.overview import Week, overview
from gateway.admin.choices import asked_clients, client_names, issuer_names
from gateway.admin.front_end import BASE
from gateway.admin.page import show
from gateway.admin.paging import PAGE, following
from gateway.admin.possible_acts import may_publish
from gateway.admin.sections import CERTIFICATES, DASHBOARD, EXTERNAL_CERTIFICATES
from gateway.admin.visit import Visit

DAYS: Final = (7, 14, 30, 60, 90, 180, 365)
"""What the list of what expires offers."""

_WEEKS: Final = 12
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_BAR: Final = 120
"""The height of the chart's highest bar."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A week of the chart: how many certificates end in it, and the height of its bar."""

    start: datetime
    certificates: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """A certificate that expires; ``kind`` is that of its product's profile. ``external``: it was imported."""

    path: str
    serial: str
    subject: str
    issuer: str
    kind: str = ""
    external: bool = False
    may_publish: bool = False
    not_after: datetime


async def dashboard(visit: Visit) -> Response:
    """Show what expires within some days, and the figures of everything that may need somebody."""
    now, days = visit.core.sources.now(), _days(visit)
    found = await expiring(
        visit.core,
        visit.principal,
        until=now + timedelta(days=days),
        client_ids=asked_clients(visit),
        after=visit.query("after") or None,
        limit=PAGE,
    )
    figures = await overview(visit.core, visit.principal, client_id=visit.query("client") or None, weeks=_WEEKS)
    issuers = await issuer_names(visit)
    issued = [one for one in found if isinstance(one, Certificate)]
    products = await certificate_queries.products_of(visit.core, issued, visit.principal)
    return await visit.page(
        "dashboard.html",
        rows=[_row(visit, one, issuers, products) for one in found],
        days=days,
        choices=DAYS,
        now=now,
        figures=figures,
        bars=_bars(figures.ending or ()),
        clients=await client_names(visit),
        following=following(visit, [one.id for one in found], place="after"),
    )


async def _to_dashboard(_: Request) -> Response:
    return RedirectResponse(DASHBOARD.path)


def _days(visit: Visit) -> int:
    text = visit.query("days", "30")
    if not _NUMBER.fullmatch(text):
        raise TriviumError(ErrorKind.MALFORMED, "Ask for 1 to 9999 days.")
    return int(text)


def _row(visit: Visit, one: Ending, issuers: Mapping[str, str], products: Mapping[str, Product]) -> Row:
    if isinstance(one, ExternalCertificate):
        path = f"{EXTERNAL_CERTIFICATES.path}/{one.id}"
        subject = one.subject or ", ".join(one.names)
        return Row(
            path=path, serial=one.serial, subject=subject, issuer=one.issuer, external=True, not_after=one.not_after
        )
    product = products.get(one.id)
    return Row(
        path=f"{CERTIFICATES.path}/{one.id}",
        serial=f"{one.serial:x}",
        subject=one.subject or ", ".join(name.value for name in one.identifiers),
        issuer=issuers.get(one.issuer_id, one.issuer_id),
        kind=product.policy.profile.kind if product else "",
        may_publish=may_publish(visit, one, product),
        not_after=one.not_after,
    )


def _bars(weeks: tuple[Week, ...]) -> list[Bar]:
    counts = [week.certificates + week.external for week in weeks]
    highest = max(counts, default=0) or 1
    return [
        Bar(start=week.start, certificates=count, height=round(count * _BAR / highest))
        for week, count in zip(weeks, counts, strict=True)
    ]


routes: Final[list[Route]] = [Route(BASE, _to_dashboard, methods=["GET"]), show("/", dashboard, DASHBOARD)]
