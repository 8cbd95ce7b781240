"""The dashboard: what expires, what waits, and whether the CRLs are fresh."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ca_core.certificates import certificate_queries
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import IdentifierType
from ca_core.model.permissions import Permission
from ca_core.model.repositories.certificates import CertificateSearch, CertificateSort
from ca_core.overview import Week, overview
from gateway.admin.choices import asked_clients, client_names, clients_that, issuer_names
from gateway.admin.front_end import BASE
from gateway.admin.page import show
from gateway.admin.sections import DASHBOARD
from gateway.admin.visit import Visit

DAYS: Final = (7, 14, 30, 60, 90, 180, 365)
"""What the list of what expires offers."""

_WEEKS: Final = 12
_PAGE: Final = 50
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_BAR: Final = 120
"""The height of the chart's highest bar."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A week of the chart: how many certificates end in it, and the height of its bar."""

    start: datetime
    certificates: int
    height: int


async def dashboard(visit: Visit) -> Response:
    """Show what expires within some days, and the figures of everything that may need somebody."""
    now, days = visit.core.sources.now(), _days(visit)
    wanted = CertificateSearch(
        client_ids=asked_clients(visit),
        statuses=frozenset({CertificateStatus.ISSUED}),
        expires_after=now,
        expires_before=now + timedelta(days=days),
        sort=CertificateSort.EXPIRES_FIRST,
        after=visit.query("after") or None,
        limit=_PAGE,
    )
    found = await certificate_queries.search(visit.core, wanted, visit.principal)
    figures = await overview(visit.core, visit.principal, client_id=visit.query("client") or None, weeks=_WEEKS)
    return await visit.page(
        "dashboard.html",
        certificates=found,
        kinds={one.id: _kind(one) for one in found},
        may_publish=clients_that(visit, Permission.PUBLICATION_CREATE, [one.client_id for one in found]),
        days=days,
        choices=DAYS,
        now=now,
        figures=figures,
        bars=_bars(figures.ending or ()),
        clients=await client_names(visit),
        issuers=await issuer_names(visit),
        following=visit.url(after=found[-1].id, notice=None) if len(found) == _PAGE else None,
    )


async def _to_dashboard(_: Request) -> Response:
    return RedirectResponse(DASHBOARD.path)


def _days(visit: Visit) -> int:
    text = visit.query("days", "30")
    if not _NUMBER.fullmatch(text):
        raise TriviumError(ErrorKind.MALFORMED, "Ask for 1 to 9999 days.")
    return int(text)


def _kind(certificate: Certificate) -> str:
    """Return what a certificate is for, by its names."""
    types = {one.type for one in certificate.identifiers}
    if IdentifierType.EMAIL in types:
        return "S/MIME"
    return "TLS" if types else ""


def _bars(weeks: tuple[Week, ...]) -> list[Bar]:
    highest = max((week.certificates for week in weeks), default=0) or 1
    return [
        Bar(start=week.start, certificates=week.certificates, height=round(week.certificates * _BAR / highest))
        for week in weeks
    ]


routes: Final[list[Route]] = [Route(BASE, _to_dashboard, methods=["GET"]), show("/", dashboard, DASHBOARD)]
