"""The applications of the REST front end by the paths they are below."""

# ruff: noqa: PLC0415 - what a version imports is what makes it expensive

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.rest.front_end import FrontEnd

V2_BASES: Final = ("", "/pki/api", "/v2", "/pki/api/v2")
"""What may stand before the ``/v2`` of a path: deployed clients have one base URL or another, some ending in it too."""

_ALWAYS: Final = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


def applications(front_end: FrontEnd) -> dict[str, ASGIApp]:
    """Return the applications by the paths that they answer, and everything below."""

    def build_v2() -> ASGIApp:
        from gateway.rest.v2.routes import build_app

        return build_app(front_end)

    def build_v3() -> ASGIApp:
        from gateway.rest.v3.routes import build_app

        return build_app(front_end)

    v2 = _OnDemand(build_v2)
    return {
        **{f"{base}/v2": _Based(base, v2) for base in V2_BASES},
        "/v3": _Based("", _OnDemand(build_v3)),
    }


class _OnDemand:
    """An application that is built for its first request, in a thread.

    The schemas of all operations take 20 MB and half a second, which a worker that nobody asks does not spend.
    """

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._building = asyncio.Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with self._building:
            if self._app is None:
                self._app = await asyncio.to_thread(self._build)
        await self._app(scope, receive, send)


class _Based:
    """An application below a base path; no answer of it is to be kept, unless it says otherwise, or guessed at."""

    def __init__(self, base: str, app: ASGIApp) -> None:
        self._base = base
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Any] = message["headers"]
                said = {name.lower() for name, _ in headers}
                message = {**message, "headers": [*headers, *(one for one in _ALWAYS if one[0] not in said)]}
            await send(message)

        await self._app({**scope, "root_path": self._base}, receive, send_with_headers)
