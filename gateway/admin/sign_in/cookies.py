"""The cookies: that of the session, and those that bind a browser to what it has begun."""

from typing import Final, Literal

from starlette.responses import Response

from ca_core.access import ceremonies
from gateway.admin.page import COOKIE

CEREMONY: Final = "__Host-trivium-ceremony"
NEXT: Final = "__Host-trivium-next"

_SameSite = Literal["lax", "strict"]


def set_session(answer: Response, value: str) -> None:
    """Give a browser its session, until it is closed: not even a link elsewhere brings the cookie here (abuse 53)."""
    _set(answer, COOKIE, value, "strict")


def set_ceremony(answer: Response, handle: str, *, same_site: _SameSite) -> None:
    """Bind a browser to what it has begun; ``lax`` where it comes back from another site."""
    _set(answer, CEREMONY, handle, same_site, max_age=int(ceremonies.LIFETIME.total_seconds()))


def set_next(answer: Response, target: str) -> None:
    """Keep the page that somebody wanted to see while he signs in elsewhere."""
    _set(answer, NEXT, target, "lax", max_age=int(ceremonies.LIFETIME.total_seconds()))


def forget(answer: Response, name: str) -> None:
    """Take a cookie back."""
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")


def _set(answer: Response, name: str, value: str, same_site: _SameSite, *, max_age: int | None = None) -> None:
    answer.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite=same_site)
