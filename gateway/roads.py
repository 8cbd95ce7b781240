"""The roads on the TLS listener: each request goes to the front end that its path belongs to."""

from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp


class Roads:
    """An ASGI application of several: those with a path of their own, and one for every other path."""

    def __init__(self, by_path: Mapping[str, ASGIApp], elsewhere: ASGIApp) -> None:
        self._by_path = by_path
        self._elsewhere = elsewhere

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        application = self._by_path.get(scope.get("path", ""), self._elsewhere)
        await application(scope, receive, send)
