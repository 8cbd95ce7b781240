"""The dashboard: what expires, what waits, and whether the CRLs are fresh."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.admin.front_end import BASE
from gateway.admin.page import show
from gateway.admin.sections import DASHBOARD
from gateway.admin.visit import Visit


async def dashboard(visit: Visit) -> Response:
    """Show the dashboard."""
    return await visit.page("dashboard.html")


async def _to_dashboard(_: Request) -> Response:
    return RedirectResponse(DASHBOARD.path)


routes: Final[list[Route]] = [Route(BASE, _to_dashboard, methods=["GET"]), show("/", dashboard, DASHBOARD)]
