"""The roads on the TLS listener: each request goes to the front end that its path belongs to."""

from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp


class Roads:
    """An ASGI application of several: those of one path each, those of all paths below one, and one for the others."""

    def __init__(self, by_path: Mapping[str, ASGIApp], below: Mapping[str, ASGIApp], elsewhere: ASGIApp) -> None:
        self._by_path = by_path
        self._below = sorted(below.items(), key=lambda one: len(one[0]), reverse=True)
        self._elsewhere = elsewhere

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        application = self._by_path.get(path) or self._of(f"{path}/")
        await application(scope, receive, send)

    def _of(self, path: str) -> ASGIApp:
        """Return the application of the longest path that ``path`` is below."""
        return next((app for base, app in self._below if path.startswith(f"{base}/")), self._elsewhere)
