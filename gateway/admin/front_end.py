"""What the admin page works with."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from ca_core.core import Core

BASE: Final = "/admin"
"""The path that all of its pages are below."""


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """The admin page on a core. ``external_url`` is the https base URL that its paths follow."""

    core: Core
    external_url: str


def peer_address(request: Request) -> str:
    """Return the peer's IP address, empty where the listener has none."""
    return request.client.host if request.client else ""
